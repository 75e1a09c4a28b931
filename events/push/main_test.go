package push_test

import (
	"os"
	"testing"

	"herald/internal/devstack"
	"herald/models/store"
)

func TestMain(m *testing.M) { os.Exit(devstack.RunTests(m)) }

var migrated = devstack.Template{Prepare: store.Migrate}
