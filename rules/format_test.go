package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/rules"
)

// What comes out is in the usual order, with all comments, and is left alone the next time.
func TestFormatKeepsCommentsAndIsStable(t *testing.T) {
	const untidy = `# What the file is for.

# A second paragraph.
groups:
    - name:   g   # the only one
      rules:

          # Why A is there.
          - expr: |
              up == 0
                and on () x > 1
            labels: {severity: info}   # inline
            alert: A
            # about for
            for: 5m


          - alert: B
            actions:
                - {min: 2, multiply: 2, set: producer.linger.ms, max: 100}
            class: protect
            expr: x>1
            on_missing: hold
    # the second group
    - rules: []
      name: h
`
	const tidy = `# What the file is for.

# A second paragraph.
groups:
- name: g # the only one
  rules:
  # Why A is there.
  - alert: A
    expr: |
      up == 0
        and on () x > 1
    # about for
    for: 5m
    labels: {severity: info} # inline

  - alert: B
    expr: x>1
    class: protect
    on_missing: hold
    actions:
    - {set: producer.linger.ms, multiply: 2, min: 2, max: 100}

# the second group
- name: h
  rules: []
`
	out, err := rules.Format("t.yml", []byte(untidy))
	require.NoError(t, err)
	require.Equal(t, tidy, string(out))
	again, err := rules.Format("t.yml", out)
	require.NoError(t, err)
	require.Equal(t, tidy, string(again))
}

// An alias stays behind its anchor: keys are not moved then.
func TestFormatLeavesTheOrderWhereAliasesAre(t *testing.T) {
	const text = "groups:\n- name: g\n  rules:\n  - labels: &l {a: b}\n    alert: A\n    expr: up\n\n  - alert: B\n    expr: up\n    labels: *l\n"
	out, err := rules.Format("t.yml", []byte(text))
	require.NoError(t, err)
	require.Equal(t, text, string(out))
}

func TestFormatRefusesWhatIsInvalid(t *testing.T) {
	_, err := rules.Format("t.yml", []byte("groups: [{name: g, rules: [{alert: A, expr: up ==}]}]"))
	require.ErrorContains(t, err, "t.yml:1:")
	out, err := rules.Format("t.yml", []byte("# nothing yet\n"))
	require.NoError(t, err)
	require.Equal(t, "# nothing yet\n", string(out))
}

// The shipped packs are formatted as everybody's files are.
func TestThePacksAreFormatted(t *testing.T) {
	for _, name := range rules.Packs() {
		source, err := rules.PackSource(name)
		require.NoError(t, err)
		out, err := rules.Format(name, source)
		require.NoError(t, err)
		require.Equal(t, string(source), string(out), name)
	}
}

// Whatever is formatted says the same, and formatting it once more changes nothing.
func FuzzFormat(f *testing.F) {
	for _, name := range rules.Packs() {
		source, err := rules.PackSource(name)
		require.NoError(f, err)
		f.Add(source)
	}
	f.Add([]byte("groups: [{name: g, rules: [{alert: A, expr: up}]}] # c"))
	f.Fuzz(func(t *testing.T, text []byte) {
		out, err := rules.Format("t.yml", text)
		if err != nil {
			return
		}
		again, err := rules.Format("t.yml", out)
		require.NoError(t, err)
		require.Equal(t, string(out), string(again))
	})
}
