package store_test

import (
	"os"
	"testing"

	"herald/internal/devstack"
	"herald/models/store"
)

func TestMain(m *testing.M) { os.Exit(devstack.RunTests(m)) }

var migrated = devstack.Template{Prepare: store.Migrate}

// openStore opens a fresh migrated database.
func openStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), migrated.Clone(t), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
