// Copies what the binary embeds from node_modules to ../chart/asset: echarts
// itself, and the notices of everything inside that one file.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'

const from = new URL('node_modules/', import.meta.url)
const to = new URL('../chart/asset/', import.meta.url)

copyFileSync(new URL('echarts/dist/echarts.min.js', from), new URL('echarts.min.js', to))

const notices = [
  ['Apache ECharts, notice', 'echarts/NOTICE'],
  ['Apache ECharts, licence', 'echarts/LICENSE'],
  ['d3, a part of Apache ECharts, licence', 'echarts/licenses/LICENSE-d3'],
  ['zrender, licence', 'zrender/LICENSE'],
  ['tslib, licence', 'tslib/LICENSE.txt'],
]
writeFileSync(
  new URL('notices.txt', to),
  notices.map(([title, path]) => `${title}\n${'='.repeat(title.length)}\n\n${readFileSync(new URL(path, from), 'utf8').trim()}\n`).join('\n\n'),
)
