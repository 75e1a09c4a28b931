package deploy_test

import (
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/modfile"
)

const root = ".."

// load reads docker-compose.yml as `docker compose` does with nothing set in the environment: it must work as it stands.
func load(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")}, cli.WithInterpolation(true))
	if err != nil {
		t.Fatalf("options: %v", err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatalf("docker-compose.yml is not valid: %v", err)
	}
	return project
}

// jobs are the services somebody waits for to finish.
func jobs(project *types.Project) map[string]bool {
	found := map[string]bool{}
	for _, service := range project.Services {
		for name, dependency := range service.DependsOn {
			if dependency.Condition == types.ServiceConditionCompletedSuccessfully {
				found[name] = true
			}
		}
	}
	return found
}

func hasHealthCheck(service types.ServiceConfig) bool {
	return service.HealthCheck != nil && !service.HealthCheck.Disable && len(service.HealthCheck.Test) > 1
}

func TestServices(t *testing.T) {
	want := []string{"api", "app", "migrate", "postgres", "temporal", "temporal-schema", "temporal-setup", "temporal-ui", "worker"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(load(t).Services))); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
}

func TestDependencies(t *testing.T) {
	project := load(t)
	isJob := jobs(project)
	for name, service := range project.Services {
		for needed, dependency := range service.DependsOn {
			switch dependency.Condition {
			case types.ServiceConditionHealthy:
				if !hasHealthCheck(project.Services[needed]) {
					t.Errorf("%s waits for %s to be healthy, which has no health check", name, needed)
				}
				if isJob[needed] {
					t.Errorf("%s waits for the job %s to be healthy; wait for its end", name, needed)
				}
			case types.ServiceConditionCompletedSuccessfully:
			default:
				t.Errorf("%s depends on %s with condition %q: it would start before that is ready", name, needed, dependency.Condition)
			}
		}
	}
}

func TestJobsEndAndServicesStay(t *testing.T) {
	project := load(t)
	isJob := jobs(project)
	for name, service := range project.Services {
		if isJob[name] {
			// Restarted after success, a job would never be completed.
			if !strings.HasPrefix(service.Restart, "on-failure") {
				t.Errorf("job %s: restart %q, want on-failure", name, service.Restart)
			}
			continue
		}
		if service.Restart != types.RestartPolicyUnlessStopped {
			t.Errorf("service %s: restart %q, want %q", name, service.Restart, types.RestartPolicyUnlessStopped)
		}
		if !hasHealthCheck(service) {
			t.Errorf("service %s keeps running and has no health check", name)
			continue
		}
		if program := service.HealthCheck.Test[1]; program == "curl" || program == "wget" {
			t.Errorf("service %s: health check needs %s, which its image does not have", name, program)
		}
	}
}

func TestImagesArePinned(t *testing.T) {
	tag := regexp.MustCompile(`^[a-z0-9./-]+:([A-Za-z0-9._-]+)$`)
	tags := map[string]string{}
	for name, service := range load(t).Services {
		match := tag.FindStringSubmatch(service.Image)
		if match == nil || match[1] == "latest" {
			t.Errorf("%s: image %q is not pinned by a tag", name, service.Image)
			continue
		}
		if strings.Contains(service.Image, "auto-setup") {
			t.Errorf("%s: image %q gets no more updates", name, service.Image)
		}
		if strings.HasPrefix(service.Image, "herald:") != (service.Build != nil) {
			t.Errorf("%s: image %q: exactly Herald's own image is built here", name, service.Image)
		}
		tags[strings.TrimSuffix(service.Image, ":"+match[1])] = match[1]
	}
	if tags["temporalio/server"] == "" || tags["temporalio/server"] != tags["temporalio/admin-tools"] {
		t.Errorf("temporalio/server %q and temporalio/admin-tools %q must have the same tag", tags["temporalio/server"], tags["temporalio/admin-tools"])
	}
}

func TestMountedFilesExist(t *testing.T) {
	mounted := map[string]bool{}
	for name, service := range load(t).Services {
		for _, volume := range service.Volumes {
			if volume.Type != types.VolumeTypeBind {
				continue
			}
			// Docker makes a directory of a missing source, and the container fails far from the cause.
			info, err := os.Stat(volume.Source)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if !info.Mode().IsRegular() || !volume.ReadOnly {
				t.Errorf("%s mounts %s: want a file, read-only", name, volume.Source)
			}
			mounted[filepath.Base(volume.Source)] = true
			checkUsed(t, service, volume)
		}
	}

	err := filepath.WalkDir(".", func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() && filepath.Dir(path) != "." && !mounted[entry.Name()] {
			t.Errorf("%s is mounted by no service", path)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// checkUsed proves that something in the service names the file where it is mounted. The Postgres image runs whatever is in
// its directory for new clusters.
func checkUsed(t *testing.T, service types.ServiceConfig, volume types.ServiceVolumeConfig) {
	t.Helper()
	if strings.HasPrefix(volume.Target, "/docker-entrypoint-initdb.d/") || slices.Contains(service.Command, volume.Target) {
		return
	}
	for _, value := range service.Environment {
		if value != nil && *value == volume.Target {
			return
		}
	}
	t.Errorf("%s: nothing refers to %s", service.Name, volume.Target)
}

// An address of another container is <service>:<port>; a typing error there shows only at run time.
func TestAddressesNameServices(t *testing.T) {
	project := load(t)
	hosts := func(value string) (string, bool) {
		if parsed, err := url.Parse(value); err == nil && parsed.Scheme == "postgres" {
			return parsed.Hostname(), true
		}
		host, _, err := net.SplitHostPort(value)
		return host, err == nil && host != "" && net.ParseIP(host) == nil
	}
	seen := 0
	for name, service := range project.Services {
		for key, value := range service.Environment {
			if value == nil || key == "HERALD_TEMPORAL_UI_URL" {
				continue
			}
			host, ok := hosts(*value)
			if !ok && (key == "SQL_HOST" || key == "POSTGRES_SEEDS") {
				host, ok = *value, true
			}
			if !ok {
				continue
			}
			seen++
			if _, ok := project.Services[host]; !ok {
				t.Errorf("%s: %s=%s names no service", name, key, *value)
			}
		}
	}
	if seen < 10 {
		t.Errorf("found only %d addresses; the test looks past them", seen)
	}
}

func TestPublishedPortsStayOnThisMachine(t *testing.T) {
	for name, service := range load(t).Services {
		for _, port := range service.Ports {
			// The file has passwords everybody can read.
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s publishes %s on %q, want 127.0.0.1", name, port.Published, port.HostIP)
			}
		}
	}
}

func TestHeraldProcesses(t *testing.T) {
	want := map[string]string{
		"migrate": "migrate",
		"app":     "app ensure --name default",
		"api":     "api",
		"worker":  "worker",
	}
	got := map[string]string{}
	for name, service := range load(t).Services {
		if service.Build == nil {
			continue
		}
		got[name] = strings.Join(service.Command, " ")
		for _, variable := range []string{"HERALD_DATABASE_URL", "TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"} {
			if value := service.Environment[variable]; value == nil || *value == "" {
				t.Errorf("%s: %s is not set", name, variable)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestCredentialsComeFromTheEnvironment(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")},
		cli.WithEnv([]string{"HERALD_API_KEY=my-key", "HERALD_API_SECRET=my-secret"}))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"HERALD_API_KEY": "my-key", "HERALD_API_SECRET": "my-secret"} {
		if got := project.Services["app"].Environment[name]; got == nil || *got != want {
			t.Errorf("%s is not taken from the environment", name)
		}
		if got := load(t).Services["app"].Environment[name]; got == nil || *got == "" {
			t.Errorf("%s has no default", name)
		}
	}
}

func TestDockerfileBuildsWithTheGoOfGoMod(t *testing.T) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := modfile.Parse("go.mod", mod, nil)
	if err != nil {
		t.Fatal(err)
	}
	dockerfile, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}

	from := regexp.MustCompile(`(?m)^FROM golang:([0-9]+\.[0-9]+)`).FindSubmatch(dockerfile)
	if from == nil {
		t.Fatal("Dockerfile: no stage FROM golang:<version>")
	}
	wanted := regexp.MustCompile(`^[0-9]+\.[0-9]+`).FindString(parsed.Go.Version)
	if got := string(from[1]); got != wanted {
		t.Errorf("Dockerfile builds with Go %s, go.mod says %s", got, parsed.Go.Version)
	}

	for what, line := range map[string]string{
		"runs as a user other than root":     `(?m)^USER [1-9][0-9]*:[1-9][0-9]*$`,
		"has the program as its entry point": `(?m)^ENTRYPOINT \["herald"\]$`,
		"needs no C library":                 `CGO_ENABLED=0 go build`,
	} {
		if !regexp.MustCompile(line).Match(dockerfile) {
			t.Errorf("Dockerfile: nothing shows that the image %s (%s)", what, line)
		}
	}
}

// What the build embeds must be in the context: an ignored file would break only the image.
func TestDockerignoreKeepsTheSources(t *testing.T) {
	ignored, err := os.ReadFile(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(ignored)) {
		pattern := strings.TrimSpace(line)
		for _, needed := range []string{"go.mod", "go.sum", "cmd", "models", "demo", "demo/users.ndjson", "*.go", "**/*.sql", "*"} {
			if pattern == needed {
				t.Errorf(".dockerignore: %q keeps the image from building", pattern)
			}
		}
	}
}
