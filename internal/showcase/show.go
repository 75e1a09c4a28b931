package showcase

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// shownLanguages are the languages of the three messages that are shown: three scripts.
var shownLanguages = []string{"ja", "hi", "el"}

func (d *demo) showMessages(ctx context.Context) error {
	for _, language := range shownLanguages {
		i := slices.IndexFunc(d.people, func(p person) bool { return p.Language == language })
		if i < 0 {
			return fmt.Errorf("none of the demo's users has the language %q", language)
		}
		p := d.people[i]
		got, err := d.received(ctx, p)
		if err != nil {
			return err
		}
		if len(got) != 1 {
			return fmt.Errorf("user %s has %d messages of the campaign", p.ID, len(got))
		}
		d.say("   %s  %-24s %s", language, p.ID, got[0].Text)
	}
	return nil
}

func (d *demo) showLinks(ctx context.Context) error {
	d.say("   the campaign by API:\n      curl '%s/campaigns/%s?api_key=%s' -H 'stream-auth-type: jwt' -H 'Authorization: %s'",
		d.stack.APIURL, url.PathEscape(d.id), url.QueryEscape(d.stack.APIKey), d.stack.ServerToken)
	if d.stack.TemporalUIURL == "" {
		return nil
	}
	// A target carries the number of its app, which is a part of the workflow's id.
	targets, err := d.api.QuerySegmentTargets(ctx, d.listID(), 1)
	if err != nil || len(targets) == 0 {
		return fmt.Errorf("read a target of the list: %w", err)
	}
	d.say("   its workflow in the Web UI:\n      %s/namespaces/%s/workflows/%s", strings.TrimRight(d.stack.TemporalUIURL, "/"),
		url.PathEscape(d.stack.TemporalNamespace), url.PathEscape(fmt.Sprintf("campaign/%d/%s", targets[0].AppPK, d.id)))
	return nil
}

// some names the first few of the users that something is wrong with; "" for none.
func some(wrong map[string]string) string {
	const most = 3
	if len(wrong) == 0 {
		return ""
	}
	ids := slices.Sorted(maps.Keys(wrong))
	var parts []string
	for _, id := range ids[:min(most, len(ids))] {
		parts = append(parts, id+" has "+wrong[id])
	}
	if len(ids) > most {
		parts = append(parts, "and so on")
	}
	return ": " + strings.Join(parts, "; ")
}
