package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"herald/internal/campaigns"
	"herald/internal/client"
	"herald/internal/progress"
	"herald/models"
)

// defaultRecipients is what fits a look at a terminal. What goes to a program is never cut unless it is asked for.
const defaultRecipients = 100

func newCampaignRecipientsCommand() *cobra.Command {
	f := campaignFlags{outputs: campaigns.RecipientFormats}
	var status string
	var limit int
	var all bool
	names := make([]string, len(models.RecipientStatuses))
	for i, s := range models.RecipientStatuses {
		names[i] = string(s)
	}
	cmd := &cobra.Command{
		Use:   "recipients ID",
		Short: "List what became of a campaign's recipients, or export it",
		Long: `List what became of a campaign's recipients, in the order of their ids: who was sent the message, when, and when it was read;
who was left out, and why. Recipients that a campaign has not reached yet are not listed.

A table shows the first ` + fmt.Sprint(defaultRecipients) + `. The other formats are for programs and give all: json one array of the API's objects, ndjson
an object a line, csv a header and a row each. They are written as they come, so a million recipients take no more memory
than a thousand; while they go to a file or a pipe, a terminal shows how far they are.`,
		Example: `  herald campaign recipients spring-sale --status failed
  herald campaign recipients spring-sale --format csv > spring-sale.csv
  herald campaign recipients spring-sale --status skipped -o ndjson | jq -r .target_id`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&f.output, "format", campaigns.FormatTable, "another name of --output")
	cmd.Flags().StringVar(&status, "status", "", "only these: "+strings.Join(names, ", ")+" (sent and read)")
	cmd.Flags().IntVar(&limit, "limit", 0, fmt.Sprintf("most recipients to list; of a table %d by default", defaultRecipients))
	cmd.Flags().BoolVar(&all, "all", false, "list all, in a table too")
	cmd = campaignCommand(cmd, &f, func(cmd *cobra.Command, api *client.Client, args []string) error {
		limited := cmd.Flags().Changed("limit")
		switch {
		case cmd.Flags().Changed("status") && !slices.Contains(names, status):
			return wrongUsage{fmt.Errorf("--status %q is none of %s", status, strings.Join(names, ", "))}
		case all && limited:
			return wrongUsage{errors.New("--limit and --all exclude each other")}
		case limited && limit < 1:
			return wrongUsage{fmt.Errorf("--limit is %d, it must be 1 or more", limit)}
		case !all && !limited && f.output == campaigns.FormatTable:
			limit = defaultRecipients
		}
		list := campaigns.RecipientList{API: api, ID: args[0], Status: status, Limit: limit, Format: f.output}
		written, more, err := exportRecipients(cmd.Context(), api, list)
		if err != nil && written > 0 {
			err = fmt.Errorf("after %s recipients: %w", progress.Count(written), err)
		}
		switch {
		case errors.As(err, new(*fs.PathError)):
			return wrongUsage{err} // Herald answered; the answer could not be written
		case err != nil:
			return err
		case more:
			fmt.Fprintf(os.Stderr, "herald: there are more than these %d; --limit or --all shows them\n", written)
		}
		return nil
	})
	cmd.Flags().Lookup("output").Usage = "table for people; csv, ndjson or json for programs"
	return cmd
}

// exportRecipients writes the list to standard output. Where that is no terminal and standard error is, a bar says how far it is.
func exportRecipients(ctx context.Context, api *client.Client, list campaigns.RecipientList) (written int64, more bool, err error) {
	if progress.IsTerminal(os.Stdout) || !progress.IsTerminal(os.Stderr) {
		return list.Write(ctx, os.Stdout)
	}
	c, err := api.Campaign(ctx, list.ID)
	if err != nil {
		return 0, false, err
	}
	total := recipientsOf(c.Stats, models.RecipientStatus(list.Status))
	if list.Limit > 0 {
		total = min(total, int64(list.Limit))
	}
	bar := progress.New(os.Stderr, true, total)
	begun := time.Now()
	said := func(written int64) string {
		return fmt.Sprintf("%s recipients, %s", progress.Count(written), progress.Rate(written, time.Since(begun)))
	}
	list.Progress = func(written int64) { bar.Set(written, said(written)) }
	written, more, err = list.Write(ctx, os.Stdout)
	bar.Finish()
	if err == nil {
		fmt.Fprintf(os.Stderr, "%s, in %s\n", said(written), time.Since(begun).Round(time.Millisecond))
	}
	return written, more, err
}

// recipientsOf is how many recipients of a status the stats tell of; of a campaign to channels they do not tell how many were read.
func recipientsOf(s client.Stats, status models.RecipientStatus) int64 {
	switch status {
	case models.RecipientSent:
		return s.MessagesSent
	case models.RecipientFailed:
		return s.MessagesFailed
	case models.RecipientSkipped:
		return s.MessagesSkipped
	case models.RecipientRead:
		return min(s.UsersRead, s.MessagesSent)
	default:
		return s.MessagesSent + s.MessagesFailed + s.MessagesSkipped
	}
}
