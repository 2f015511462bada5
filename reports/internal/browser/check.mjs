// Opens every page of a bundle in chromium and reports, as JSON on stdout, what a reader or an
// auditor would complain about:
//
//   axe              accessibility (WCAG 2.2 A and AA, best practice), 1200 and 360 px, details closed and open
//   console, dialog  anything that a page says to the console, any dialog
//   request          a request off the bundle
//   policy           a page without a security policy, one that allows anything unsafe, or a breach of it
//   sideways-scroll  at 320, 360 and 1200 px
//   clipped, overlap words of a drawing that leave its frame or lie on each other, on screen and paper
//   script           words that are there with scripts only, or without them only
//   cut, broken, gap what A4 would cut off, figures that would break over pages, blocks that leave half a page empty
//   untagged         a PDF without what a screen reader needs
//   leads-out        a link in the bundle's own PDF that leaves it, so to a path of the machine that printed it
//   link             links that lead nowhere
//
//   node check.mjs BUNDLE [SCREENSHOTS]     exit 0: clean, 1: findings, 2: could not run
//
// CHROMIUM names the browser; /usr/bin/chromium otherwise. With a second argument, screenshots at
// 1200 and 360 px and the PDF of each page are put there.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { chromium } from 'playwright-core'
import { drawings, openAll, policy, reading, sideways, violations } from './look.mjs'
import { addresses, cut, sheet, sheets, untagged } from './paper.mjs'

const [bundle, shots] = process.argv.slice(2)
if (!bundle || !existsSync(join(bundle, 'index.html'))) {
  console.error('usage: node check.mjs BUNDLE [SCREENSHOTS]: no index.html there')
  process.exit(2)
}
const root = resolve(bundle)
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const entries = readdirSync(root, { recursive: true }).map(String).sort()
const pages = entries.filter((p) => p.endsWith('.html'))
const findings = []
const figures = { pages: pages.length, axe_runs: 0, axe_rules_broken: 0, drawings: 0, printed_pages: 0, pdf_pages: 0, largest_page_bytes: 0, largest_page: '' }
const found = (page, kind, detail) => findings.push({ page, kind, detail })

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
    '--disable-default-apps', '--disable-sync', '--no-first-run', '--no-pings', '--disable-dev-shm-usage'],
})
try {
  const queue = [...pages]
  const worker = async () => {
    const plain = await reads({ javaScriptEnabled: false })
    const checker = await reads({})
    while (queue.length) {
      const page = queue.shift()
      const size = statSync(join(root, page)).size
      if (size > figures.largest_page_bytes) Object.assign(figures, { largest_page_bytes: size, largest_page: page })
      const without = await print(await plain(page), page)
      const withScripts = await check(await checker(page), page)
      if (without !== withScripts) found(page, 'script', difference(without, withScripts))
    }
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, worker))
  for (const name of entries.filter((p) => p.endsWith('.pdf'))) {
    const pdf = readFileSync(join(root, name))
    for (const lack of untagged(pdf)) found(name, 'untagged', lack)
    for (const link of new Set(addresses(pdf))) found(name, 'leads-out', link)
    figures.pdf_pages += sheets(pdf)
  }
  findings.sort((a, b) => a.page.localeCompare(b.page) || a.kind.localeCompare(b.kind))
} finally {
  await browser.close()
}
console.log(JSON.stringify({ ...figures, findings }, null, 1))
process.exitCode = findings.length ? 1 : 0 // no exit: all of it must be written first

// print checks a page on paper, as a reader without scripts has it, and gives what it says.
async function print(tab, page) {
  await tab.emulateMedia({ media: 'print' })
  await tab.setViewportSize({ width: sheet.width, height: sheet.height })
  for (const f of await tab.evaluate(cut, sheet)) found(page, f.kind, `on paper: ${f.detail}`)
  for (const f of await tab.evaluate(drawings)) found(page, f.kind, `on paper: ${f.detail}`)
  const pdf = await tab.pdf({ preferCSSPageSize: true, printBackground: true, tagged: true, outline: true })
  for (const lack of untagged(pdf)) found(page, 'untagged', lack)
  figures.printed_pages += sheets(pdf)
  await tab.emulateMedia({ media: null })
  if (shots) {
    mkdirSync(shots, { recursive: true })
    const name = join(shots, page.replace(/[/.]/g, '-').replace(/-html$/, ''))
    writeFileSync(`${name}.pdf`, pdf)
    for (const width of [1200, 360]) {
      await tab.setViewportSize({ width, height: 900 })
      await tab.screenshot({ path: `${name}-${width}.png`, fullPage: true })
    }
  }
  await tab.setViewportSize({ width: 1200, height: 900 })
  return tab.evaluate(reading)
}

// check looks at a page on screen and gives what it says.
async function check(tab, page) {
  const own = await tab.evaluate(policy)
  if (!/default-src 'none'/.test(own)) found(page, 'policy', `no policy that begins with nothing allowed: ${own.slice(0, 80)}`)
  if (/unsafe-/.test(own)) found(page, 'policy', `allows what is unsafe: ${own.slice(0, 200)}`)
  for (const width of [1200, 360, 320]) {
    await tab.setViewportSize({ width, height: 900 })
    for (const open of [false, true]) {
      await tab.evaluate(openAll, open)
      const state = `${width} px, details ${open ? 'open' : 'closed'}`
      const over = await tab.evaluate(sideways)
      if (over) found(page, 'sideways-scroll', `${state}: ${over}`)
      if (width === 320) continue
      figures.axe_runs++
      for (const v of await tab.evaluate(violations)) {
        figures.axe_rules_broken++
        found(page, 'axe', `${v.id} at ${state}: ${v.nodes.join(' | ')}`)
      }
    }
    for (const f of await tab.evaluate(drawings)) found(page, f.kind, `${width} px: ${f.detail}`)
  }
  figures.drawings += await tab.evaluate(() => document.querySelectorAll('svg').length)
  const links = await tab.evaluate(() => [...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href')))
  for (const link of new Set(links)) {
    const target = new URL(link, address(page))
    const path = target.protocol === 'file:' ? decodeURIComponent(target.pathname) : ''
    if (/^[a-z]+:/i.test(link) || !path || relative(root, path).startsWith('..') || !existsSync(path)) found(page, 'link', link)
    else if (target.hash && !readFileSync(path, 'utf8').includes(`id="${decodeURIComponent(target.hash.slice(1))}"`)) found(page, 'link', link)
  }
  await tab.setViewportSize({ width: 1200, height: 900 })
  return tab.evaluate(reading)
}

// difference shows where two texts part.
function difference(without, withScripts) {
  let i = 0
  while (i < without.length && without[i] === withScripts[i]) i++
  const from = Math.max(0, i - 20)
  return `without scripts “${without.slice(from, i + 60)}”, with them “${withScripts.slice(from, i + 60)}”`
}

function address(page) { return pathToFileURL(join(root, page)).href }

// reads gives a function that opens pages in one tab of a browser profile of its own, offline,
// and listens to what they do. The browser itself puts axe into each page, so the page keeps its
// own security policy all the while.
async function reads(options) {
  const context = await browser.newContext({ offline: true, ...options })
  await context.addInitScript({ content: axe })
  await context.addInitScript(() => {
    globalThis.addEventListener('securitypolicyviolation', (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`))
  })
  const tab = await context.newPage()
  let page = ''
  tab.on('console', (m) => found(page, /^policy: /.test(m.text()) ? 'policy' : 'console', m.text()))
  tab.on('pageerror', (e) => found(page, 'console', String(e)))
  tab.on('dialog', (d) => { found(page, 'dialog', d.message()); return d.dismiss() })
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
