package campaigns

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"herald/internal/client"
)

// Hooks lists an app's hooks, a line each.
func Hooks(out io.Writer, hooks []client.Hook) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tENABLED\tEVENTS\tURL")
	for _, h := range hooks {
		enabled, told := "yes", strings.Join(h.EventTypes, ",")
		if !h.Enabled {
			enabled = "no"
		}
		if told == "" {
			told = "standard"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", oneLine(h.ID), enabled, short(told), oneLine(h.WebhookURL))
	}
	return w.Flush()
}

// HookFailures lists events that hooks did not take, a line each.
func HookFailures(out io.Writer, failures []client.HookFailure) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tHOOK\tEVENT\tCAMPAIGN\tSEQ\tATTEMPTS\tLAST (UTC)\tANSWER")
	for _, f := range failures {
		seq, answer := nothing, f.LastError
		if f.Seq > 0 {
			seq = strconv.FormatInt(f.Seq, 10)
		}
		if f.LastStatus > 0 {
			answer = strconv.Itoa(f.LastStatus)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", oneLine(f.ID), oneLine(f.HookID), oneLine(f.EventType), orNothing(oneLine(f.CampaignID)),
			seq, f.Attempts, moment(&f.LastAttemptAt), orNothing(oneLine(answer)))
	}
	return w.Flush()
}
