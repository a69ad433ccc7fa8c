package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/veltrix/veltrix/sidecar"
	"github.com/veltrix/veltrix/tuner"
)

// errDiffers says that a decision came out another way.
var errDiffers = errors.New("decisions came out another way")

// mostDifferences is how many are shown.
const mostDifferences = 10

func replayCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "replay LOG",
		Short: "Make the decisions of a decision log again and compare",
		Long: `Make every decision of a sidecar's decision log again, from what it was made of, and
compare bit for bit. A difference means that this program decides another way than the
sidecar that wrote the log: look at its version. LOG may be - for standard input.

Exits 1 if a decision differs or the log can't be read.`,
		Example: `  veltrixctl replay /var/lib/veltrix/decisions.jsonl
  zcat decisions.jsonl.1.gz | veltrixctl replay -`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := cmd.InOrStdin()
			if args[0] != "-" {
				file, err := os.Open(args[0])
				if err != nil {
					return fmt.Errorf("open the decision log: %w", err)
				}
				defer file.Close()
				in = file
			}
			return replay(in, args[0], cmd.OutOrStdout())
		},
	}
}

func replay(in io.Reader, name string, out io.Writer) error {
	differ := 0
	compared, err := sidecar.Replay(in, func(line int, was, now tuner.Decision) {
		if differ++; differ <= mostDifferences {
			fmt.Fprintf(out, "%s:%d: was %s\n  now %s\n", name, line, oneLine(was.String()), oneLine(now.String()))
		}
	})
	fmt.Fprintf(out, "%d decisions made again, %d differ\n", compared, differ)
	switch {
	case err != nil:
		return err
	case differ > 0:
		return fmt.Errorf("%s: %d of %d %w", name, differ, compared, errDiffers)
	}
	return nil
}
