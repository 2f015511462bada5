package page

// chartMap draws the areas of a stratum on a map, where there are boundaries, or says why there is none.
func (a *artist) chartMap(v *areaView, c Cohort, stratum string) error {
	return nil
}
