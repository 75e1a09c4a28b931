package api

import "strings"

// Operations are method and v1 path of every route of the table.
func (s *Server) Operations() [][2]string {
	var list [][2]string
	for _, r := range s.routes() {
		list = append(list, [2]string{r.method, r.path})
	}
	return list
}

// Serves says whether a method and path, as a pattern, is routed.
func (s *Server) Serves(method, path string) bool {
	for _, r := range s.engine.Routes() {
		if r.Method == method && r.Path == path {
			return true
		}
	}
	return false
}

// Served is a route of the API.
type Served struct {
	Name, Method, Path string // the path with {} in the place of parameters
	Status             int
	UserTokens         bool
}

// Served lists what the table says of every route, in both dialects.
func (s *Server) Served() []Served {
	var list []Served
	for _, r := range s.routes() {
		for _, d := range dialects {
			if r.v1Only && d != v1 {
				continue
			}
			steps := strings.Split(d.path(r.path), "/")
			for i, step := range steps {
				if strings.HasPrefix(step, ":") {
					steps[i] = "{}"
				}
			}
			list = append(list, Served{Name: r.operation, Method: r.method, Path: strings.Join(steps, "/"), Status: r.success(), UserTokens: r.usersToo})
		}
	}
	return list
}
