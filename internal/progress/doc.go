// Package progress shows how far a long piece of work is: one line on a terminal with a bar, the rate and the time left.
//
// Rules:
//
//   - A bar that is switched off prints nothing but the lines given to Printf, so that logs hold no control characters.
//   - Whatever goes to the same terminal while a bar is shown goes through Printf, else the two overwrite each other.
package progress
