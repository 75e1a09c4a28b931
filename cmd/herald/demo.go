package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	audience "herald/demo"
	"herald/internal/progress"
	"herald/internal/showcase"
)

// defaultDir is where `herald dev` keeps everything.
const defaultDir = ".herald"

func newDemoCommand() *cobra.Command {
	var flags apiFlags
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Send a campaign to 10,000 users on this machine and check what came of it",
		Long: `Send a campaign to 10,000 users and check what came of it: import them, make two overlapping segments, create and start a
campaign, watch it, read the stats, and count that everybody has exactly one message.

It uses the herald dev that runs in --dir, or the API at --api-url, or else starts a herald dev of its own and stops it at
the end; on a terminal it leaves it up until Ctrl-C. The exit code is not 0 when a message is missing or doubled.`,
		Example: `  herald demo
  herald demo --api-url https://herald.example.com --api-key KEY --api-secret SECRET`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), flags, dir) },
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&dir, "dir", defaultDir, "directory of the stack that runs or is started")
	return cmd
}

func runDemo(ctx context.Context, flags apiFlags, dir string) error {
	// A closed terminal has to stop what was started, too.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP)
	defer stop()
	stack, given, err := flags.stack()
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	terminal := progress.IsTerminal(os.Stdout)
	return showcase.Run(ctx, showcase.Config{
		Users: audience.UsersNDJSON, API: stack, Given: given,
		Dir: dir, Command: []string{program, "dev", "--json", "--dir", dir},
		Out: os.Stdout, Bar: terminal, Stay: terminal,
	})
}
