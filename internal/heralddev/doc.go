// Package heralddev runs `herald dev` as a child process: a whole Herald, each of its servers a process that can be frozen
// or killed. Tests and the benchmark share it.
//
// Everything that was started ends with [Herald.Stop]; on Linux also with the process that started it.
package heralddev
