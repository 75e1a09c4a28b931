// Package conform holds requests and answers of the API against its OpenAPI document, as strictly as a typed client decodes:
// no key that the document does not have, none missing, every value of its kind, integers in digits only. It is for tests.
//
// Every answer is checked, and every request that was accepted. The server is more lenient with requests than the document
// says (keys and booleans in another case, null for what is left out): null is dropped before the check.
package conform
