// Command herald is the whole of Herald: its API, its workers, its migrations, and the tools around them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRootCommand().ExecuteContext(ctx)
	stop()
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	var code exitCode
	if errors.As(err, &code) {
		os.Exit(int(code))
	}
	fmt.Fprintln(os.Stderr, "herald:", err)
	os.Exit(1)
}

// exitCode ends the process with a code of its own, after the command has said why.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "herald",
		Short: "Self-hosted campaigns: one message to many users, each exactly once",
		Long: `Herald sends a campaign: one message, personalised, into the chat channel of every recipient.

To try it on this machine:   herald dev
To see it work:              herald demo
In production:               herald migrate, then herald api and herald worker, configured by the environment`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newDevCommand(), newDemoCommand(), newImportCommand(), newCampaignCommand(), newHooksCommand(),
		newAPICommand(), newWorkerCommand(), newRelayCommand(), newMigrateCommand(), newHealthcheckCommand(),
		newAppCommand(), newTokenCommand(),
	)
	return root
}
