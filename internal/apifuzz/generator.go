package apifuzz

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// request is one request as bytes, and what has to be known of it to judge its answer.
type request struct {
	bytes  []byte
	method string
	target string
	route  *route // that it is meant for; nil for none

	unreadable bool // net/http refuses it before a handler sees it
	denied     bool // its token has to be refused
	last       bool // of its connection
}

// generator makes the requests of one app's server, as the random numbers want it.
type generator struct {
	*rand.Rand
	routes    []route
	app       app
	bystander app
	pools     *pools
	number    int // of the worker
	stocked   int
}

// chance is true in so many of a hundred cases.
func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// next is the next request.
func (g *generator) next() request {
	r := &g.routes[g.IntN(len(g.routes))]
	d := draft{method: r.Method, route: r, path: g.path(*r), query: g.query(*r)}
	d.header = header{{"Host", "herald"}, {"Stream-Auth-Type", "jwt"}, {"Authorization", g.app.token}, {"Content-Type", "application/json"}}
	d.query = append(d.query, [2]string{"api_key", g.app.APIKey})
	if r.body != nil || g.chance(5) {
		d.body = g.body(*r)
	}
	if g.chance(15) {
		g.breakToken(&d)
	}
	if g.chance(5) {
		g.breakRoute(&d)
	}
	if g.chance(10) {
		g.decorate(&d)
	}
	if g.chance(2) {
		return g.unreadable(d)
	}
	return d.request(g)
}

type header [][2]string

func (h header) set(name, value string) header {
	for i := range h {
		if h[i][0] == name {
			h[i][1] = value
			return h
		}
	}
	return append(h, [2]string{name, value})
}

func (h header) without(name string) header {
	return slices.DeleteFunc(h, func(line [2]string) bool { return line[0] == name })
}

// draft is a request before it is written down.
type draft struct {
	method, path string
	query        [][2]string
	rawQuery     string // follows the query as it is
	header       header
	body         []byte
	chunked      bool
	route        *route
	denied       bool
}

func (d draft) target() string {
	var b strings.Builder
	b.WriteString(d.path)
	for i, p := range d.query {
		b.WriteString(map[bool]string{true: "?", false: "&"}[i == 0])
		b.WriteString(url.QueryEscape(p[0]) + "=" + url.QueryEscape(p[1]))
	}
	return b.String() + d.rawQuery
}

// request writes a draft down; g chops up its body and may be nil for one that is not chunked.
func (d draft) request(g *generator) request {
	var b bytes.Buffer
	target := d.target()
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", d.method, target)
	if d.chunked {
		d.header = d.header.set("Transfer-Encoding", "chunked")
	} else if len(d.body) > 0 {
		d.header = d.header.set("Content-Length", strconv.Itoa(len(d.body)))
	}
	for _, line := range d.header {
		b.WriteString(line[0] + ": " + line[1] + "\r\n")
	}
	b.WriteString("\r\n")
	if d.chunked {
		for body := d.body; len(body) > 0; {
			n := 1 + g.IntN(len(body))
			fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
			body = body[n:]
		}
		b.WriteString("0\r\n\r\n")
	} else {
		b.Write(d.body)
	}
	_, err := url.ParseRequestURI(target)
	return request{bytes: b.Bytes(), method: d.method, target: target, route: d.route, denied: d.denied && err == nil, unreadable: err != nil, last: err != nil}
}

// plain is a proper request of an app's server in the v1 dialect.
func plain(a app, method, path string, body object) request {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err) // the bodies are literals of this package
	}
	d := draft{method: method, path: path, query: [][2]string{{"api_key", a.APIKey}}, body: encoded}
	d.header = header{{"Host", "herald"}, {"Stream-Auth-Type", "jwt"}, {"Authorization", a.token}}
	return d.request(nil)
}

// path fills in the parameters of a route's path.
func (g *generator) path(r route) string {
	if strings.Contains(r.Path, "{poll_id}") && g.chance(50) {
		r.Path = strings.NewReplacer("{id}", g.pools.ballot.message, "{poll_id}", g.pools.ballot.poll).Replace(r.Path)
	}
	steps := strings.Split(r.Path, "/")
	for i, step := range steps {
		if !strings.HasPrefix(step, "{") {
			continue
		}
		kind := kindOfKey(strings.Trim(step, "{}"))
		if step == "{id}" {
			kind = kindOfPath(r.V1Path)
		}
		steps[i] = g.escape(g.id(kind))
	}
	return strings.Join(steps, "/")
}

// escape writes an id into a path in one of the ways that clients have.
func (g *generator) escape(id string) string {
	switch g.IntN(12) {
	case 0:
		return strings.ReplaceAll(url.PathEscape(id), "%20", "+")
	case 1: // everything
		var b strings.Builder
		for _, c := range []byte(id) {
			fmt.Fprintf(&b, "%%%02x", c)
		}
		return b.String()
	case 2: // not at all, but for what would end the line
		return strings.NewReplacer(" ", "+", "\r", "", "\n", "", "\x00", "%00", "?", "%3F", "#", "%23").Replace(id)
	default:
		return url.PathEscape(id)
	}
}

func (g *generator) query(r route) [][2]string {
	var query [][2]string
	for _, p := range r.query {
		if !p.required && g.chance(50) {
			continue
		}
		var text string
		switch {
		case p.text:
			text = string(g.encode(g.mutated(r, p.name, p.schema)))
		case g.chance(15):
			text = g.oddString()
		default:
			switch value := g.value(r, p.name, p.schema, 0).(type) {
			case string:
				text = value
			default:
				text = string(g.encode(value))
			}
		}
		query = append(query, [2]string{p.name, text})
	}
	return query
}

// breakRoute leads a request astray: another method, or another path.
func (g *generator) breakRoute(d *draft) {
	d.denied, d.route = false, nil
	if g.chance(40) {
		d.method = pick(g, "HEAD", "TRACE", "BREW", "OPTIONS", "CONNECT", "PROPFIND", "get", "GET", "PUT", "POST", "DELETE", "PATCH", strings.Repeat("M", 1+g.IntN(300)))
		return
	}
	at := g.IntN(len(d.path) + 1)
	d.path = pick(g,
		d.path+"/", "/"+d.path, d.path+"/../../app", "/.."+d.path, "/%2e%2e"+d.path, strings.ReplaceAll(d.path, "/", "//"), strings.ToUpper(d.path),
		"/"+strings.Repeat("a/", g.IntN(2000)), "/"+strings.Repeat("%25", g.IntN(5000)), d.path[:at]+"%"+d.path[at:], d.path[:at]+"%zz"+d.path[at:],
		d.path[:at]+"%2F"+d.path[at:], d.path[:at]+"\xff\xfe"+d.path[at:], d.path[:at]+"%00"+d.path[at:], d.path+";a=b", d.path+"%3Fapi_key=x",
		"/api/v2"+d.path, "/api/v2/chat"+d.path, "/api/v3"+d.path, "//herald"+d.path, "http://herald"+d.path, "*", "/", "/:id", "/*",
	)
}

// decorate adds what does no harm, or should not.
func (g *generator) decorate(d *draft) {
	switch g.IntN(11) {
	case 0:
		d.header = d.header.set("Content-Type", pick(g, "application/x-www-form-urlencoded", "text/plain; charset=utf-16", "multipart/form-data; boundary=x", "", ";;", g.oddHeader()))
	case 1:
		d.body = gzipped(d.body)
		d.header = d.header.set("Content-Encoding", "gzip")
	case 2, 3:
		d.chunked = len(d.body) > 0
	case 4:
		d.header = d.header.set("Accept-Encoding", pick(g, "gzip", "br, gzip;q=0", "*", g.oddHeader()))
	case 5:
		d.header = d.header.set("X-Client-Request-Id", g.oddHeader())
	case 6:
		d.query = append(d.query, [2]string{g.oddString(), g.oddString()})
	case 7:
		d.rawQuery = pick(g, "&%zz", "&=;&", "&a=%", "&&&", "&"+strings.Repeat("a=b&", g.IntN(3000)), "&user_id=%00", "&user_id=%ff", "&user_id=nobody", "?api_key=x")
	case 8:
		d.header = d.header.set("Expect", "100-continue").without("Content-Type")
	case 9:
		d.header = d.header.set("Accept", pick(g, "text/html", "application/xml", g.oddHeader()))
	case 10:
		d.header = append(d.header, [2]string{pick(g, "X-Stream-Client", "Cookie", "Range", "If-None-Match", "If-Match", "X-HTTP-Method-Override", "Forwarded", "Origin", "Upgrade", "Idempotency-Key"), g.oddHeader()})
	}
}

// unreadable makes a request that net/http itself refuses.
func (g *generator) unreadable(d draft) request {
	d.body, d.chunked = nil, false
	target := d.target()
	first, host := "GET /users HTTP/1.1\r\n", "Host: herald\r\n"
	text := pick(g,
		"GET "+target+"%\x01 HTTP/1.1\r\n"+host, "GET /a b c HTTP/1.1\r\n"+host, "GET /messages/% HTTP/1.1\r\n"+host, "GET "+target+" HTTP/9.9\r\n"+host,
		"GET "+target+" HTTP/1.1\r\n", first+host+host, first+"Host: a b\r\n", first+host+"bad name: x\r\n", first+host+"bad: \x02\r\n", first+host+"no colon\r\n",
		first+host+"Content-Length: -5\r\n", first+host+"Content-Length: 5\r\nContent-Length: 6\r\n", first+host+"Transfer-Encoding: deflate\r\n",
		first+host+"Expect: "+strconv.Itoa(g.IntN(1000))+"\r\n", "{}\r\n", "GET\r\n", first+host+": x\r\n", "\x16\x03\x01 / x\r\n",
	)
	return request{bytes: []byte(text + "\r\n"), method: http.MethodGet, target: "", unreadable: true, last: true}
}
