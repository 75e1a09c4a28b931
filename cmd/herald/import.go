package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"herald/api"
	"herald/internal/client"
	"herald/internal/importer"
	"herald/internal/progress"
	"herald/internal/showcase"
	"herald/models"
)

// Exit codes of import, beside 0.
const (
	exitSomeBad   exitCode = 1
	exitNotToEnd  exitCode = 2
	defaultAPIURL          = "http://127.0.0.1:8080"
)

// apiFlags say which API a command calls. What is not given comes from the environment.
type apiFlags struct {
	url, key, secret string
}

func (a *apiFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.url, "api-url", "", "where the API is; else HERALD_API_URL, else "+defaultAPIURL)
	cmd.Flags().StringVar(&a.key, "api-key", "", "key of the app; else HERALD_API_KEY")
	cmd.Flags().StringVar(&a.secret, "api-secret", "", "secret of the app; else HERALD_API_SECRET")
}

// stack is the API the flags and the environment name. given says whether they name a place. Key and token are "" when unset.
func (a *apiFlags) stack() (stack showcase.Stack, given bool, err error) {
	place := cmp.Or(a.url, os.Getenv("HERALD_API_URL"))
	stack = showcase.Stack{APIURL: cmp.Or(place, defaultAPIURL), APIKey: cmp.Or(a.key, os.Getenv("HERALD_API_KEY"))}
	if secret := cmp.Or(a.secret, os.Getenv("HERALD_API_SECRET")); secret != "" {
		stack.ServerToken, err = api.ServerToken(secret)
	}
	return stack, place != "", err
}

// client calls the API the flags and the environment name, else that of a `herald dev` that runs in this directory.
func (a *apiFlags) client(ctx context.Context) (*client.Client, error) {
	stack, given, err := a.stack()
	if err != nil {
		return nil, err
	}
	if stack.APIKey == "" || stack.ServerToken == "" {
		running, err := showcase.ReadStack(defaultDir)
		if err != nil || given && running.APIURL != stack.APIURL {
			return nil, errors.New("the API's key and secret are missing: give --api-key and --api-secret, or set HERALD_API_KEY and HERALD_API_SECRET")
		}
		stack = running
	}
	c, err := client.New(client.Config{URL: stack.APIURL, APIKey: stack.APIKey, Token: stack.ServerToken})
	if err != nil {
		return nil, err
	}
	return c, c.Healthy(ctx)
}

type importOptions struct {
	api         apiFlags
	format      string
	batch       int
	concurrency int
	progress    string
	resume      bool
}

func newImportCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Import users from an NDJSON or CSV file",
		Long: `Import users from a file, or with - from standard input, through the API. A user that is there already is replaced.

NDJSON: one user a line, custom fields beside the built-in ones.

  {"id": "ann", "name": "Ann", "language": "en", "teams": ["red"], "country": "US", "age": 41}

CSV: a header, then a user a row. The columns id, name, image, role, language, teams (separated by ;) and invisible are the
built-in fields, every other one is a custom field. A suffix :int, :float, :bool or :json gives its type, else it is a
string; dots lead into objects. Empty cells are left out.

  id,name,language,teams,country,age:int,address.city
  ann,Ann,en,red;blue,US,41,Boston

A row that cannot be imported is reported with its line number, and the others are imported. Of two rows with the same id
the later one wins.

An import that did not get to the end leaves a checkpoint, FILE` + importer.CheckpointSuffix + `, and the same command goes on from there.

Without key and secret, the API of a herald dev that runs in this directory is used.

Exit codes: 0 all rows imported; 1 some rows were bad, all others are imported; 2 the import did not get to the end.`,
		Example: `  herald import users.ndjson
  herald import users.csv --api-url https://herald.example.com --api-key KEY --api-secret SECRET
  psql -Atc "SELECT row_to_json(u) FROM people u" | herald import - --format ndjson`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return runImport(cmd.Context(), args[0], o) },
	}
	o.api.register(cmd)
	cmd.Flags().StringVar(&o.format, "format", "", "ndjson or csv; by default what the file's name ends in, ndjson for standard input")
	cmd.Flags().IntVar(&o.batch, "batch", models.MaxUsersPerUpsert, fmt.Sprintf("users per call, at most %d", models.MaxUsersPerUpsert))
	cmd.Flags().IntVar(&o.concurrency, "concurrency", importer.DefaultConcurrency, "calls at once")
	cmd.Flags().StringVar(&o.progress, "progress", "auto", "auto shows a bar on a terminal, never shows none")
	cmd.Flags().BoolVar(&o.resume, "resume", true, "keep a checkpoint beside the file, and go on from the one that is there")
	return cmd
}

// runImport says itself what went wrong, and only gives the exit code.
func runImport(ctx context.Context, path string, o importOptions) error {
	result, err := importUsers(ctx, path, o)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "herald:", err)
		return exitNotToEnd
	case result.Bad > 0:
		return exitSomeBad
	}
	return nil
}

func importUsers(ctx context.Context, path string, o importOptions) (importer.Result, error) {
	if o.progress != "auto" && o.progress != "never" {
		return importer.Result{}, fmt.Errorf("--progress is %q, it must be auto or never", o.progress)
	}
	format := importer.Format(o.format)
	if o.format == "" {
		format = importer.NDJSON
		if path != "-" {
			var err error
			if format, err = importer.FormatOf(path); err != nil {
				return importer.Result{}, err
			}
		}
	}
	users, err := o.api.client(ctx)
	if err != nil {
		return importer.Result{}, err
	}
	display := importer.NewDisplay(os.Stderr, path, o.progress == "auto" && progress.IsTerminal(os.Stderr))
	options := importer.Options{
		API: users, Format: format, Batch: o.batch, Concurrency: o.concurrency,
		Bad: display.Bad, Progress: display.Progress,
	}
	var result importer.Result
	if path == "-" {
		result, err = importer.Stream(ctx, os.Stdin, options)
	} else {
		result, err = importer.File(ctx, path, o.resume, users.Identity(), options)
	}
	if err == nil || result != (importer.Result{}) {
		display.Finish(result)
	}
	if errors.Is(err, importer.ErrInterrupted) && path != "-" && o.resume {
		return result, fmt.Errorf("%w; the same command goes on from here", err)
	}
	return result, err
}
