package showcase

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Stack is a running Herald, as `herald dev --json` describes it.
type Stack struct {
	APIURL            string `json:"api_url"`
	APIKey            string `json:"api_key"`
	ServerToken       string `json:"server_token"`
	TemporalNamespace string `json:"temporal_namespace"`
	TemporalUIURL     string `json:"temporal_ui_url"` // "" when not known
	DatabaseURL       string `json:"database_url"`    // "" when not known
}

// ReadStack reads the description that `herald dev` keeps in its directory while it runs. One that was killed leaves it behind,
// so it has to be tried.
func ReadStack(dir string) (Stack, error) {
	path := filepath.Join(dir, "dev.json")
	content, err := os.ReadFile(path)
	if err != nil {
		return Stack{}, err
	}
	return parseStack(content, path)
}

func parseStack(content []byte, from string) (Stack, error) {
	var s Stack
	if err := json.Unmarshal(content, &s); err != nil {
		return Stack{}, fmt.Errorf("%s does not describe a running Herald: %w", from, err)
	}
	if s.APIURL == "" || s.APIKey == "" || s.ServerToken == "" {
		return Stack{}, fmt.Errorf("%s does not describe a running Herald: api_url, api_key or server_token is missing", from)
	}
	return s, nil
}
