// Command mutate asks whether the tests would notice: it makes one small wrong change at a time, runs the tests, and
// lists the changes that no test noticed. The files themselves are never touched (go test -overlay).
//
//	go run ./internal/mutate -sample 50 -seed 1 ./tuner
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	o := options{}
	flag.IntVar(&o.sample, "sample", 50, "how many mutants to try, drawn by -seed; 0: all of them")
	flag.Uint64Var(&o.seed, "seed", 1, "what the sample is drawn by")
	flag.StringVar(&o.match, "match", "", "only mutants whose description contains this, such as deleted: or limits.go")
	flag.DurationVar(&o.timeout, "timeout", 2*time.Minute, "how long the tests may take; a mutant that hangs them is noticed")
	flag.Float64Var(&o.least, "least", 0, "fail if less than this share of the mutants is noticed, in percent")
	flag.StringVar(&o.args, "args", "-rapid.checks=50", "further arguments of go test")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: mutate [flags] ./package")
		os.Exit(2)
	}
	o.dir = flag.Arg(0)
	if err := o.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

type options struct {
	dir, match, args string
	sample           int
	seed             uint64
	timeout          time.Duration
	least            float64
}

func (o options) run(ctx context.Context) error {
	all, err := mutantsOf(o.dir)
	if err != nil {
		return err
	}
	chosen := o.choose(all)
	work, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return fmt.Errorf("make a directory for the mutants: %w", err)
	}
	defer os.RemoveAll(work)
	if err := o.test(ctx, ""); err != nil {
		return fmt.Errorf("the tests fail without any mutant; repair them first: %w", err)
	}
	n, err := o.try(ctx, chosen, work)
	if err != nil {
		return err
	}
	share := 100 * float64(n.noticed) / float64(max(1, n.noticed+n.survived))
	fmt.Printf("%d mutants of %d (seed %d): %d noticed, %d survived, %d do not compile; %.1f %% noticed\n",
		len(chosen), len(all), o.seed, n.noticed, n.survived, n.invalid, share)
	if share < o.least {
		return fmt.Errorf("%.1f %% of the mutants of %s were noticed, at least %.0f %% are wanted: write a test for the survivors, or do without the guard",
			share, o.dir, o.least)
	}
	return nil
}

type tally struct{ noticed, survived, invalid int }

// try runs the tests against each mutant, names those that survive, and tells how far it is.
func (o options) try(ctx context.Context, chosen []mutant, work string) (tally, error) {
	var n tally
	begin := time.Now()
	for i, m := range chosen {
		if i > 0 && i%10 == 0 {
			left := time.Since(begin) / time.Duration(i) * time.Duration(len(chosen)-i)
			fmt.Fprintf(os.Stderr, "%d of %d tried, %d survived, about %s left\n", i, len(chosen), n.survived, left.Round(time.Second))
		}
		overlay, err := m.overlay(work)
		if err != nil {
			return n, err
		}
		switch err := o.test(ctx, overlay); {
		case errors.Is(err, errBuild):
			n.invalid++
		case err != nil:
			n.noticed++
		default:
			n.survived++
			fmt.Println("survived", m)
		}
	}
	return n, nil
}

func (o options) choose(all []mutant) []mutant {
	var chosen []mutant
	for _, m := range all {
		if strings.Contains(m.String(), o.match) {
			chosen = append(chosen, m)
		}
	}
	random := rand.New(rand.NewPCG(o.seed, 0)) //nolint:gosec // a sample is repeatable, not secret
	random.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	if o.sample > 0 {
		chosen = chosen[:min(o.sample, len(chosen))]
	}
	return chosen
}

// errBuild says that a mutant does not compile: it shows nothing.
var errBuild = errors.New("the mutant does not compile")

// overlay writes the mutant beside an overlay file that puts it in the place of the original.
func (m mutant) overlay(work string) (string, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", m.file, err)
	}
	mutated := filepath.Join(work, "mutant.go")
	text := string(source[:m.begin]) + m.text + string(source[m.end:])
	if err := os.WriteFile(mutated, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("write the mutant: %w", err)
	}
	data, err := json.Marshal(map[string]map[string]string{"Replace": {m.file: mutated}})
	if err != nil {
		return "", fmt.Errorf("encode the overlay: %w", err)
	}
	overlay := filepath.Join(work, "overlay.json")
	if err := os.WriteFile(overlay, data, 0o600); err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	return overlay, nil
}

// test runs the tests and returns nil if they pass.
func (o options) test(ctx context.Context, overlay string) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	args := []string{"test", "-vet=off", "-failfast", "-short"}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	args = append(append(args, o.dir), strings.Fields(o.args)...)
	command := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the developer's own arguments
	command.WaitDelay = time.Second
	out, err := command.CombinedOutput()
	switch {
	case err == nil:
		return nil
	case strings.Contains(string(out), "[build failed]"):
		return errBuild
	}
	return fmt.Errorf("%w\n%s", err, out)
}
