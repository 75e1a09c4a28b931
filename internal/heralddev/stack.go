package heralddev

// Stack is what `herald dev --json` prints, and keeps in dev.json in its directory while it runs.
type Stack struct {
	APIURL            string `json:"api_url"`
	APIKey            string `json:"api_key"`
	APISecret         string `json:"api_secret"`
	ServerToken       string `json:"server_token"`
	TemporalAddress   string `json:"temporal_address"`
	TemporalNamespace string `json:"temporal_namespace"`
	TemporalUIURL     string `json:"temporal_ui_url"`
	DatabaseURL       string `json:"database_url"`
	Pids              Pids   `json:"pids"`
}

// Pids are process ids; 0 for a server that was given and not started.
type Pids struct {
	Postgres int   `json:"postgres"`
	Temporal int   `json:"temporal"`
	API      int   `json:"api"`
	Worker   []int `json:"worker"`
}
