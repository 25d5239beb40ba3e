package extract

import (
	"errors"
	_ "unsafe" // for the name of PDFium's bytes
)

// pdfiumWasm is PDFium as the library embeds it; it does not give it out.
//
//go:linkname pdfiumWasm github.com/klippa-app/go-pdfium/webassembly.pdfiumWasm
var pdfiumWasm []byte

// largeFunction is from how many bytes on a function is left out.
const largeFunction = 64 << 10

// trim leaves the few giant functions out of a WebAssembly module: they become traps. PDFium has three that are many times larger
// than all others; they do not serve reading text, and compiling them takes 200 MB, three times what all the rest
// takes. Should a document need one after all it ends in the trap, and is read again with the whole PDFium.
// The format is section 5 of the WebAssembly core specification.
func trim(wasm []byte) (trimmed []byte, left int, err error) {
	const header, codeSection = 8, 10
	if len(wasm) < header || string(wasm[:4]) != "\x00asm" {
		return nil, 0, errors.New("it is no WebAssembly module")
	}
	out := append(make([]byte, 0, len(wasm)), wasm[:header]...)
	for r := (wasmReader{b: wasm, at: header}); r.at < len(wasm); {
		begin := r.at
		id := r.byte()
		size := r.number()
		body := r.take(size)
		if r.bad {
			return nil, 0, errors.New("the WebAssembly module is cut")
		}
		if id != codeSection {
			out = append(out, wasm[begin:r.at]...)
			continue
		}
		code, n, ok := trimCode(body)
		if !ok {
			return nil, 0, errors.New("the WebAssembly module's code is cut")
		}
		left += n
		out = append(appendNumber(append(out, codeSection), len(code)), code...)
	}
	return out, left, nil
}

// trimCode copies the bodies of the functions, but for the large ones.
func trimCode(section []byte) (code []byte, left int, ok bool) {
	trap := []byte{3, 0, 0, 0x0b} // three bytes: no locals, unreachable, end
	r := wasmReader{b: section}
	count := r.number()
	code = appendNumber(nil, count)
	for range count {
		begin := r.at
		size := r.number()
		r.take(size)
		if r.bad {
			return nil, 0, false
		}
		if size >= largeFunction {
			code = append(code, trap...)
			left++
			continue
		}
		code = append(code, section[begin:r.at]...)
	}
	return code, left, true
}

// wasmReader reads numbers (LEB128) and bytes.
type wasmReader struct {
	b   []byte
	at  int
	bad bool // it ended too early
}

func (r *wasmReader) byte() byte {
	if r.at >= len(r.b) {
		r.bad = true
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

func (r *wasmReader) number() int {
	n := 0
	for shift := 0; shift < 35; shift += 7 {
		c := r.byte()
		n |= int(c&0x7f) << shift
		if c < 0x80 {
			return n
		}
	}
	r.bad = true
	return 0
}

func (r *wasmReader) take(n int) []byte {
	if n < 0 || n > len(r.b)-r.at {
		r.bad, r.at = true, len(r.b)
		return nil
	}
	r.at += n
	return r.b[r.at-n : r.at]
}

func appendNumber(b []byte, n int) []byte {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}
