// Makes what the binary embeds from node_modules in ../chart/asset, but for echarts: the boundaries of
// states and counties as paths, and the notices of all of it.
import { readFileSync, writeFileSync } from 'node:fs'
import { feature } from 'topojson-client'
import { presimplify, simplify } from 'topojson-simplify'

const from = new URL('node_modules/', import.meta.url)
const to = new URL('../chart/asset/', import.meta.url)

const notices = [
  ['Apache ECharts, notice', 'echarts/NOTICE'],
  ['Apache ECharts, licence', 'echarts/LICENSE'],
  ['d3, a part of Apache ECharts, licence', 'echarts/licenses/LICENSE-d3'],
  ['zrender, licence', 'zrender/LICENSE'],
  ['tslib, licence', 'tslib/LICENSE.txt'],
  ['us-atlas, boundaries of states and counties (of the U.S. Census Bureau, public domain), licence', 'us-atlas/LICENSE'],
]
writeFileSync(
  new URL('notices.txt', to),
  notices.map(([title, path]) => `${title}\n${'='.repeat(title.length)}\n\n${readFileSync(new URL(path, from), 'utf8').trim()}\n`).join('\n\n'),
)

// The maps are projected (Albers, 975 by 610) in the package. Lengths are tenths of its pixels, so that whole numbers
// do; a region is a path of steps, with its box and where a name may stand.
const fips = '01AL 02AK 04AZ 05AR 06CA 08CO 09CT 10DE 11DC 12FL 13GA 15HI 16ID 17IL 18IN 19IA 20KS 21KY 22LA 23ME 24MD 25MA 26MI 27MN 28MS 29MO 30MT 31NE 32NV 33NH 34NJ 35NM 36NY 37NC 38ND 39OH 40OK 41OR 42PA 44RI 45SC 46SD 47TN 48TX 49UT 50VT 51VA 53WA 54WV 55WI 56WY'
const postal = Object.fromEntries(fips.split(' ').map((s) => [s.slice(0, 2), s.slice(2)]))

function regions(file, object, least, name) {
  const atlas = simplify(presimplify(JSON.parse(readFileSync(new URL(`us-atlas/${file}`, from), 'utf8'))), least)
  const out = {}
  for (const f of feature(atlas, atlas.objects[object]).features) {
    const id = name(String(f.id))
    if (!id || !f.geometry) continue
    const rings = (f.geometry.type === 'Polygon' ? [f.geometry.coordinates] : f.geometry.coordinates).flat()
      .map((ring) => ring.map(([x, y]) => [Math.round(x * 10), Math.round(y * 10)]).filter((p, i, all) => !i || p[0] !== all[i - 1][0] || p[1] !== all[i - 1][1]))
      .filter((ring) => ring.length > 3)
    if (!rings.length) continue
    const largest = rings.reduce((a, b) => (Math.abs(area(a)) >= Math.abs(area(b)) ? a : b))
    const xs = rings.flat().map((p) => p[0]), ys = rings.flat().map((p) => p[1])
    out[id] = {
      name: f.properties.name, path: rings.map(path).join(''), at: centre(largest),
      box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
    }
  }
  return Object.fromEntries(Object.entries(out).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function path(ring) {
  let d = `M${ring[0][0]} ${ring[0][1]}l`
  for (let i = 1; i < ring.length - 1; i++) {
    const dx = ring[i][0] - ring[i - 1][0], dy = ring[i][1] - ring[i - 1][1]
    d += (i > 1 && dx >= 0 ? ' ' : '') + dx + (dy >= 0 ? ' ' : '') + dy
  }
  return d + 'z'
}

function area(ring) {
  let sum = 0
  for (let i = 1; i < ring.length; i++) sum += ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1]
  return sum / 2
}

function centre(ring) {
  let x = 0, y = 0
  const six = 6 * area(ring)
  for (let i = 1; i < ring.length; i++) {
    const cross = ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1]
    x += (ring[i - 1][0] + ring[i][0]) * cross / six
    y += (ring[i - 1][1] + ring[i][1]) * cross / six
  }
  return [Math.round(x), Math.round(y)]
}

writeFileSync(new URL('states.json', to), JSON.stringify(regions('states-albers-10m.json', 'states', 0.25, (id) => postal[id])))
writeFileSync(new URL('counties.json', to), JSON.stringify(regions('counties-albers-10m.json', 'counties', 0.02, (id) => (postal[id.slice(0, 2)] ? id : ''))))
