package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
)

// profiled runs the program with a CPU profile, and writes it and the memory's profile into dir afterwards: for
// `bench -profile`. Profiles name functions and counts of bytes; they hold nothing of what was in memory.
func profiled(dir string, program func() int) int {
	cpu, err := os.Create(filepath.Join(dir, fmt.Sprintf("cpu-%d.pprof", os.Getpid())))
	if err == nil {
		err = pprof.StartCPUProfile(cpu)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "headrace: HEADRACE_PROFILE:", err)
		return program()
	}
	code := program()
	pprof.StopCPUProfile()
	_ = cpu.Close()
	memory, err := os.Create(filepath.Join(dir, fmt.Sprintf("memory-%d.pprof", os.Getpid())))
	if err != nil {
		return code
	}
	runtime.GC()
	_ = pprof.Lookup("allocs").WriteTo(memory, 0)
	_ = memory.Close()
	return code
}
