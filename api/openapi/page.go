package openapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed page
var page embed.FS

// Paths are those that [Serve] answers. A last step ":file" stands for any.
var Paths = []string{"/openapi.json", "/docs", "/docs/:file"}

// policy keeps the page from everything but its own server.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"

// shown are the files of the page that browsers ask for.
var shown = []string{"index.html", "start.js", "swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"}

// Serve answers a GET of one of [Paths]: the document, or a file of the page. Neither needs authentication. It answers nothing
// and gives false where there is no such file.
func Serve(w http.ResponseWriter, r *http.Request) bool {
	f, ok := served()[r.URL.Path]
	if ok {
		f.serve(w, r)
	}
	return ok
}

// file is one that is served.
type file struct {
	contentType string
	etag        string
	plain, gzip []byte // gzip is nil where it is not smaller
}

// served are the files by their paths.
var served = sync.OnceValue(func() map[string]file {
	files := map[string]file{"/openapi.json": newFile("openapi.json", Document())}
	for _, name := range shown {
		content, err := fs.ReadFile(page, "page/"+name)
		if err != nil {
			panic("openapi: " + err.Error()) // it is not part of the program
		}
		at := "/docs/" + name
		if name == "index.html" {
			at = "/docs"
		}
		files[at] = newFile(name, content)
	}
	return files
})

func newFile(name string, content []byte) file {
	f := file{contentType: contentTypes[path.Ext(name)], plain: content}
	sum := sha256.Sum256(content)
	f.etag = hex.EncodeToString(sum[:8])
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil && b.Len() < len(content) {
		f.gzip = b.Bytes()
	}
	return f
}

// contentTypes by extension; those of the machine may differ.
var contentTypes = map[string]string{
	".json": "application/json; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".png":  "image/png",
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-cache") // a newer program has newer ones
	h.Add("Vary", "Accept-Encoding")
	body, tag := f.plain, f.etag
	if f.gzip != nil && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body, tag = f.gzip, tag+"-gzip"
	}
	h.Set("ETag", fmt.Sprintf("%q", tag))
	if strings.Contains(r.Header.Get("If-None-Match"), fmt.Sprintf("%q", tag)) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	_, _ = w.Write(body) // a client that has gone away
}

func acceptsGzip(r *http.Request) bool {
	for _, coding := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if name == "gzip" && strings.ReplaceAll(weight, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
