package stats

import "gonum.org/v1/gonum/mat"

// singular is the condition number from which a system of equations is taken to have no
// one solution.
const singular = 1e12

// solve gives x of a symmetric positive definite a x = b, and whether there is one.
func solve(a [][]float64, b []float64) ([]float64, bool) {
	chol, ok := factor(a)
	if !ok {
		return nil, false
	}
	var x mat.VecDense
	if err := chol.SolveVecTo(&x, mat.NewVecDense(len(b), append([]float64(nil), b...))); err != nil {
		return nil, false
	}
	return x.RawVector().Data, true
}

// invert gives the inverse of a symmetric positive definite matrix.
func invert(a [][]float64) ([][]float64, bool) {
	chol, ok := factor(a)
	if !ok {
		return nil, false
	}
	var inverse mat.SymDense
	if err := chol.InverseTo(&inverse); err != nil {
		return nil, false
	}
	out := make([][]float64, len(a))
	for i := range a {
		for j := range a {
			out[i] = append(out[i], inverse.At(i, j))
		}
	}
	return out, true
}

func factor(a [][]float64) (*mat.Cholesky, bool) {
	s := mat.NewSymDense(len(a), nil)
	for i := range a {
		for j := i; j < len(a); j++ {
			s.SetSym(i, j, a[i][j])
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(s) || chol.Cond() > singular {
		return nil, false
	}
	return &chol, true
}
