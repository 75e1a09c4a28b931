package api

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
