//go:build !unix

package stdout

import "io"

func writerOf(w io.Writer) writer { return plain{w} }
