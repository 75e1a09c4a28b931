// Package template compiles and renders the message templates of campaigns: Jinja2 text with the names sender, receiver,
// channel, campaign and custom; a push has message besides.
//
// A template is compiled once, when a campaign is created or its first batch begins, and rendered for every recipient. Three rules:
//
//   - Everything that can be refused is refused by Compile: statements, filters, tests, calls, operators and names that are not
//     allowed come back as a [SyntaxError] with line and column. What remains for Render are the data of one recipient: an error
//     of types, or a bound reached. That is a [RenderError], and the recipient's alone.
//   - A compiled value never changes. Any number of goroutines may render it at once, and maps handed in are only read.
//   - Rendering is bounded by what it does (loop iterations, bytes and elements produced, work of every kind), so no template can
//     take a worker down, and none ends differently because the machine is busy. Whatever walks over a value counts it with run.spend. There is no access to files, other templates, functions or methods.
//
// # How far gonja goes
//
// The source is cut into tokens by the lexer of gonja v2. Parsing and evaluating are done here, because gonja 2.9 answers wrongly where
// this package must be right: receiver.no.such is an error instead of missing, 30 + 1 with a number from JSON is "301", strings are walked
// by byte, objects print in Python's notation, "x in list|sort" and "a ~ b is defined" are grouped
// differently from Jinja2, a newline inside {{ }} ends up in the name, (a if b else c) is no expression, and nothing can stop a running template.
//
// # Where it differs from Jinja2 on purpose
//
// Missing and null are one value: it prints as nothing, is falsy, equals the empty string and takes default(), at any depth. Whole numbers
// print without decimals, objects and lists as compact JSON. Nothing is escaped by itself, and safe changes nothing. Adding a number
// to text, or comparing them, is an error as in Python.
package template
