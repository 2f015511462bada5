package chart

import (
	"math"
	"strconv"
	"strings"
)

// Ring is the edge of an area, or of a hole in it: longitudes and latitudes in degrees (WGS 84), the last as the first.
type Ring [][2]float64

// Lengths of a projected map, and how much of a page its paths may take.
const (
	projectedWidth = 8600.0  // units: tenths of a pixel
	tolerance      = 4.0     // of a simplified edge, in units
	mostPathBytes  = 200_000 // of all regions
)

// Project makes regions of places on the sphere: Albers' equal-area conic between the places' own latitudes, edges
// simplified to less than half a pixel, or to more where the paths would fill a page.
//
// Source: Snyder JP. Map projections, a working manual. USGS Professional Paper 1395, 1987, section 14, equations 14-1 to 14-6,
// for the sphere, with the standard parallels at a sixth of the range from its ends.
func Project(places map[string][]Ring) Regions {
	south, north, west, east := 90.0, -90.0, 180.0, -180.0
	for _, rings := range places {
		for _, r := range rings {
			for _, at := range r {
				west, east = math.Min(west, at[0]), math.Max(east, at[0])
				south, north = math.Min(south, at[1]), math.Max(north, at[1])
			}
		}
	}
	of := albers(south+(north-south)/6, north-(north-south)/6, (west+east)/2, (south+north)/2)
	flat := map[string][][][2]float64{}
	least, most := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for name, rings := range places {
		for _, r := range rings {
			var ring [][2]float64
			for _, at := range r {
				v := of(at)
				for i := range v {
					least[i], most[i] = math.Min(least[i], v[i]), math.Max(most[i], v[i])
				}
				ring = append(ring, v)
			}
			flat[name] = append(flat[name], ring)
		}
	}
	scale := projectedWidth / math.Max(most[0]-least[0], most[1]-least[1])
	for _, rings := range flat {
		for _, r := range rings {
			for i := range r {
				r[i] = [2]float64{(r[i][0] - least[0]) * scale, (r[i][1] - least[1]) * scale}
			}
		}
	}
	for within := tolerance; ; within *= 2 {
		out, bytes := Regions{}, 0
		for name, rings := range flat {
			region := regionOf(rings, within)
			out[name] = region
			bytes += len(region.Path)
		}
		if bytes <= mostPathBytes || within > projectedWidth {
			return out
		}
	}
}

// albers is the projection, with y downwards and the radius of the sphere 1.
func albers(first, second, middle, origin float64) func([2]float64) [2]float64 {
	const degree = math.Pi / 180
	n := (math.Sin(first*degree) + math.Sin(second*degree)) / 2
	if math.Abs(n) < 1e-6 { // on both sides of the equator alike: the cylinder
		return func(at [2]float64) [2]float64 {
			return [2]float64{(at[0] - middle) * degree * math.Cos(first*degree), -math.Sin(at[1]*degree) / math.Cos(first*degree)}
		}
	}
	c := math.Cos(first*degree)*math.Cos(first*degree) + 2*n*math.Sin(first*degree)
	radius := func(latitude float64) float64 { return math.Sqrt(c-2*n*math.Sin(latitude*degree)) / n }
	return func(at [2]float64) [2]float64 {
		theta := n * (at[0] - middle) * degree
		return [2]float64{radius(at[1]) * math.Sin(theta), radius(at[1])*math.Cos(theta) - radius(origin)}
	}
}

// regionOf is the path of the rings, simplified; a ring that vanishes is left out unless it is the greatest.
func regionOf(rings [][][2]float64, within float64) Region {
	r := Region{Box: [4]float64{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}}
	var path strings.Builder
	greatest := -1.0
	for _, ring := range rings {
		size, centre := areaOf(ring)
		if size = math.Abs(size); size > greatest {
			greatest, r.At = size, centre
		}
	}
	for _, ring := range rings {
		size, _ := areaOf(ring)
		kept := simplified(ring, within)
		if len(kept) < 4 && math.Abs(size) < greatest {
			continue
		}
		if len(kept) < 4 {
			kept = ring
		}
		for i, at := range kept[:len(kept)-1] {
			x, y := math.Round(at[0]), math.Round(at[1])
			r.Box = [4]float64{math.Min(r.Box[0], x), math.Min(r.Box[1], y), math.Max(r.Box[2], x), math.Max(r.Box[3], y)}
			path.WriteString(map[bool]string{true: "M", false: "L"}[i == 0])
			path.WriteString(strconv.FormatFloat(x, 'f', -1, 64) + " " + strconv.FormatFloat(y, 'f', -1, 64))
		}
		path.WriteByte('z')
	}
	r.Path = path.String()
	return r
}

// areaOf is the signed area of a ring and its centre of mass.
func areaOf(ring [][2]float64) (float64, [2]float64) {
	var sum float64
	var centre [2]float64
	for i := 1; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		cross := a[0]*b[1] - b[0]*a[1]
		sum += cross
		centre[0] += (a[0] + b[0]) * cross
		centre[1] += (a[1] + b[1]) * cross
	}
	if sum == 0 {
		return 0, ring[0]
	}
	return sum / 2, [2]float64{math.Round(centre[0] / (3 * sum)), math.Round(centre[1] / (3 * sum))}
}

// simplified keeps the points of a line from which it would else be further away than within.
//
// Source: Douglas DH, Peucker TK. Algorithms for the reduction of the number of points required to represent a digitized
// line or its caricature. Cartographica 1973;10:112-122.
func simplified(line [][2]float64, within float64) [][2]float64 {
	if len(line) < 3 {
		return line
	}
	first, last := line[0], line[len(line)-1]
	far, at := 0.0, 0
	for i := 1; i < len(line)-1; i++ {
		if d := distance(line[i], first, last); d > far {
			far, at = d, i
		}
	}
	if far <= within {
		return [][2]float64{first, last}
	}
	before := simplified(line[:at+1], within)
	return append(before[:len(before)-1:len(before)-1], simplified(line[at:], within)...)
}

// distance is that of a point from the line between two others.
func distance(p, a, b [2]float64) float64 {
	dx, dy := b[0]-a[0], b[1]-a[1]
	if length := math.Hypot(dx, dy); length > 0 {
		return math.Abs((p[0]-a[0])*dy-(p[1]-a[1])*dx) / length
	}
	return math.Hypot(p[0]-a[0], p[1]-a[1])
}
