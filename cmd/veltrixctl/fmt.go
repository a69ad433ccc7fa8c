package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/rules"
)

func fmtCommand() *cobra.Command {
	var o fmtOptions
	cmd := &cobra.Command{
		Use:   "fmt FILES…",
		Short: "Write rule files in their standard form",
		Long: `Write rule files in their standard form: two blanks a level, keys in their usual order,
one empty line between rules. Comments and expressions stay as they are, and so does
what the file says; a file for which that can't be done is left alone and reported.

The names of changed files are printed. "-" reads standard input and writes standard
output. With --check nothing is written, and the exit code is 3 if a file would change.`,
		Example: `  veltrixctl fmt rules/*.yml
  veltrixctl fmt --check rules/*.yml`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args)
		},
	}
	cmd.Flags().BoolVar(&o.check, "check", false, "write nothing, and exit with 3 if a file would change")
	return cmd
}

type fmtOptions struct{ check bool }

// run formats every file that can be, and reports the others.
func (o *fmtOptions) run(in io.Reader, out, complaints io.Writer, names []string) error {
	changed, failed := false, false
	for _, name := range names {
		differs, err := o.format(in, out, name)
		if err != nil {
			failed = true
			fmt.Fprintln(complaints, err)
		}
		changed = changed || differs
	}
	switch {
	case failed:
		return &exitError{code: exitFailed}
	case changed && o.check:
		return &exitError{code: exitLint}
	}
	return nil
}

// format says whether the file was not in its standard form.
func (o *fmtOptions) format(in io.Reader, out io.Writer, name string) (bool, error) {
	before, err := read(in, name)
	if err != nil {
		return false, fmt.Errorf("read the rules: %w", err)
	}
	after, err := rules.Format(name, before)
	if err != nil {
		return false, err
	}
	differs := !bytes.Equal(before, after)
	switch {
	case name == "-" && !o.check:
		_, err = out.Write(after)
	case differs:
		if !o.check {
			err = replace(name, after)
		}
		if err == nil {
			_, err = fmt.Fprintln(out, name)
		}
	}
	return differs, err
}

func read(in io.Reader, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(in)
	}
	return os.ReadFile(name)
}

// replace writes a file whole or not at all, with the permissions that it has.
func replace(name string, content []byte) error {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return fmt.Errorf("write the rules: %w", err)
	}
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("write the rules: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".veltrixctl-fmt-*")
	if err != nil {
		return fmt.Errorf("write the rules: %w", err)
	}
	_, err = tmp.Write(content)
	if closing := tmp.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), info.Mode().Perm())
	}
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // what went wrong before is what matters
		return fmt.Errorf("write the rules: %w", err)
	}
	return nil
}
