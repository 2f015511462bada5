package plan

// WithoutPasses compiles as do says with none of the passes.
func WithoutPasses(do func()) {
	kept := passes
	passes = nil
	defer func() { passes = kept }()
	do()
}
