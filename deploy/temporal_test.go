package deploy_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"herald/workflows"
)

func TestScriptsParse(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skipf("no POSIX shell: %v", err)
	}
	scripts, err := filepath.Glob("temporal/*.sh")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts found: %v", err)
	}
	for _, script := range scripts {
		if output, err := exec.CommandContext(t.Context(), shell, "-n", script).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", script, err, output)
		}
	}
}

func TestSearchAttributes(t *testing.T) {
	script, err := os.ReadFile("temporal/setup-namespace.sh")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, match := range regexp.MustCompile(`--name (\w+) --type (\w+)`).FindAllSubmatch(script, -1) {
		got[string(match[1])] = string(match[2])
	}
	if diff := cmp.Diff(workflows.SearchAttributeTypes(), got); diff != "" {
		t.Errorf("registered search attributes (-want +got):\n%s", diff)
	}
}

// The server exits on a dynamic configuration of another shape.
func TestDynamicConfigIsListsOfValues(t *testing.T) {
	content, err := os.ReadFile("temporal/dynamicconfig.yaml")
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	var settings map[string][]struct {
		Value       any            `yaml:"value"`
		Constraints map[string]any `yaml:"constraints"`
	}
	if err := decoder.Decode(&settings); err != nil {
		t.Fatal(err)
	}
	one := "[{1 map[taskQueueName:" + workflows.QueueSend + "]}]"
	for name, want := range map[string]string{
		"matching.enableFairness": "[{true map[]}]", "system.enableActivityEagerExecution": "[{true map[]}]",
		"matching.numTaskqueueReadPartitions": one, "matching.numTaskqueueWritePartitions": one,
	} {
		if got := fmt.Sprint(settings[name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
