// Opens every page of a bundle in chromium and reports, as JSON on stdout, what
// a reader or an auditor would complain about: requests off the bundle, console
// errors, breaches of the page's own security policy, accessibility violations
// (axe: WCAG 2.2 A and AA, best practice; 1200 px with details closed, 360 px
// with them open), sideways scroll at 320, 360 and 1200 px, and links that lead
// nowhere.
//
//   node check.mjs BUNDLE [SCREENSHOTS]     exit 0: clean, 1: findings, 2: could not run
//
// CHROMIUM names the browser; /usr/bin/chromium otherwise. With a second
// argument, screenshots at 1200 and 360 px and a PDF of each page are put there.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { chromium } from 'playwright-core'

const [bundle, shots] = process.argv.slice(2)
if (!bundle || !existsSync(join(bundle, 'index.html'))) {
  console.error('usage: node check.mjs BUNDLE [SCREENSHOTS]: no index.html there')
  process.exit(2)
}
const root = resolve(bundle)
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const pages = readdirSync(root, { recursive: true }).map(String).filter((p) => p.endsWith('.html')).sort()
const findings = []
const found = (page, kind, detail) => findings.push({ page, kind, detail })

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
    '--disable-default-apps', '--disable-sync', '--no-first-run', '--no-pings', '--disable-dev-shm-usage'],
})
try {
  const queue = [...pages]
  const worker = async () => {
    const reader = shots && await reads({ javaScriptEnabled: false })
    const checker = await reads({})
    while (queue.length) {
      const page = queue.shift()
      if (reader) await photograph(await reader(page), page)
      await check(await checker(page), page)
    }
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, worker))
  findings.sort((a, b) => a.page.localeCompare(b.page))
} finally {
  await browser.close()
}
console.log(JSON.stringify({ pages: pages.length, findings }, null, 1))
process.exit(findings.length ? 1 : 0)

// photograph keeps a page as a reader without scripts has it, on screen and on paper.
async function photograph(tab, page) {
  mkdirSync(shots, { recursive: true })
  const name = join(shots, page.replace(/[/.]/g, '-').replace(/-html$/, ''))
  for (const width of [1200, 360]) {
    await tab.setViewportSize({ width, height: 900 })
    await tab.screenshot({ path: `${name}-${width}.png`, fullPage: true })
  }
  writeFileSync(`${name}.pdf`, await tab.pdf({ preferCSSPageSize: true, printBackground: true, tagged: true, outline: true }))
}

async function check(tab, page) {
  for (const [width, isOpen] of [[1200, true], [1200, false], [320, false], [320, true], [360, false], [360, true]]) {
    await tab.setViewportSize({ width, height: 900 })
    await tab.evaluate((o) => document.querySelectorAll('details').forEach((d) => { d.open = o }), isOpen)
    const state = `${width} px, details ${isOpen ? 'open' : 'closed'}`
    const over = await tab.evaluate(() => {
      const limit = document.documentElement.clientWidth
      if (document.documentElement.scrollWidth <= limit) return null
      const wide = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > limit + 1)
      return wide.slice(0, 3).map((e) => e.tagName + '.' + e.getAttribute('class')).join(' ') || 'body'
    })
    if (over) found(page, 'sideways-scroll', `${state}: ${over}`)
    // axe is slow, so it sees each thing once: the wide drawings here with details
    // closed; the narrow ones, and all that the details hold, with details open.
    if ((width === 1200 && !isOpen) || (width === 360 && isOpen)) {
      for (const v of await tab.evaluate(violations)) found(page, 'axe', `${v.id} at ${state}: ${v.nodes.join(' | ')}`)
    }
  }
  const links = await tab.evaluate(() => [...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href')))
  for (const link of new Set(links)) {
    const target = new URL(link, address(page))
    const path = target.protocol === 'file:' ? decodeURIComponent(target.pathname) : ''
    if (/^[a-z]+:/i.test(link) || !path || relative(root, path).startsWith('..') || !existsSync(path)) found(page, 'link', link)
    else if (target.hash && !new RegExp(`id="${target.hash.slice(1)}"`).test(readFileSync(path, 'utf8'))) found(page, 'link', link)
  }
}

// violations runs in the page.
async function violations() {
  const result = await globalThis.axe.run(document, {
    preload: false, // nothing to fetch: the one style sheet is in the page
    resultTypes: ['violations'],
    runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
  })
  return result.violations.map((v) => ({ id: v.id, nodes: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)) }))
}

function address(page) { return pathToFileURL(join(root, page)).href }

// reads gives a function that opens pages in one tab of a browser profile of its
// own, offline, and listens to what they do. The browser itself puts axe into each
// page, so the page keeps its own security policy all the while.
async function reads(options) {
  const context = await browser.newContext({ offline: true, ...options })
  await context.addInitScript({ content: axe })
  await context.addInitScript(() => {
    globalThis.addEventListener('securitypolicyviolation', (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`))
  })
  const tab = await context.newPage()
  let page = ''
  tab.on('console', (m) => { if (['error', 'warning'].includes(m.type())) found(page, 'console', m.text()) })
  tab.on('pageerror', (e) => found(page, 'console', String(e)))
  tab.on('request', (r) => {
    const own = r.url().startsWith('file:') && !relative(root, decodeURIComponent(new URL(r.url()).pathname)).startsWith('..')
    if (!own) found(page, 'request', r.url())
  })
  return async (next) => {
    page = next
    await tab.goto(address(page))
    return tab
  }
}
