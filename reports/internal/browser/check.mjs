// Opens every page of a bundle in chromium and reports, as JSON on stdout, what
// a reader or an auditor would complain about: requests off the bundle, console
// errors, breaches of the page's own security policy, accessibility violations
// (axe: WCAG 2.2 A and AA, best practice; details closed and open), sideways
// scroll at 320, 360 and 1200 px, and links that lead nowhere.
//
//   node check.mjs BUNDLE [SCREENSHOTS]     exit 0: clean, 1: findings, 2: could not run
//
// CHROMIUM names the browser; /usr/bin/chromium otherwise. With a second
// argument, screenshots at 1200 and 360 px and a PDF of each page are put there.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'
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
  await Promise.all([1, 2].map(async () => { while (queue.length) await check(queue.shift()) }))
  findings.sort((a, b) => a.page.localeCompare(b.page))
} finally {
  await browser.close()
}
console.log(JSON.stringify({ pages: pages.length, findings }, null, 1))
process.exit(findings.length ? 1 : 0)

async function check(page) {
  const url = pathToFileURL(join(root, page)).href
  // First as a reader has it: scripts off, so that the page is seen to be whole without.
  const plain = await open(page, { javaScriptEnabled: false })
  await plain.tab.goto(url)
  if (shots) {
    mkdirSync(shots, { recursive: true })
    const name = join(shots, page.replace(/[/.]/g, '-').replace(/-html$/, ''))
    for (const width of [1200, 360]) {
      await plain.tab.setViewportSize({ width, height: 900 })
      await plain.tab.screenshot({ path: `${name}-${width}.png`, fullPage: true })
    }
    writeFileSync(`${name}.pdf`, await plain.tab.pdf({ preferCSSPageSize: true, printBackground: true, tagged: true, outline: true }))
  }
  await plain.context.close()

  const { tab, context } = await open(page, {})
  await tab.goto(url)
  for (const width of [320, 360, 1200]) {
    await tab.setViewportSize({ width, height: 900 })
    for (const isOpen of [false, true]) {
      await details(tab, isOpen)
      const over = await tab.evaluate(() => {
        const limit = document.documentElement.clientWidth
        if (document.documentElement.scrollWidth <= limit) return null
        const wide = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > limit + 1)
        return wide.slice(0, 3).map((e) => e.tagName + '.' + e.getAttribute('class')).join(' ') || 'body'
      })
      if (over) found(page, 'sideways-scroll', `${width} px, details ${isOpen ? 'open' : 'closed'}: ${over}`)
    }
  }
  await context.close()

  // axe needs a script in the page, which the policy forbids: the policy is
  // lifted for this one visit and only here.
  const lifted = await open(page, { bypassCSP: true })
  await lifted.tab.goto(url)
  await lifted.tab.addScriptTag({ content: axe })
  for (const [width, isOpen] of [[1200, false], [1200, true], [360, true]]) {
    await lifted.tab.setViewportSize({ width, height: 900 })
    await details(lifted.tab, isOpen)
    const result = await lifted.tab.evaluate(() => globalThis.axe.run(document, {
      runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
    }))
    for (const v of result.violations) {
      found(page, 'axe', `${v.id} at ${width} px, details ${isOpen ? 'open' : 'closed'}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`)
    }
  }
  const links = await lifted.tab.evaluate(() => [...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href')))
  await lifted.context.close()
  for (const link of new Set(links)) {
    const target = new URL(link, url)
    const path = target.protocol === 'file:' ? decodeURIComponent(target.pathname) : ''
    if (/^[a-z]+:/i.test(link) || !path || relative(root, path).startsWith('..') || !existsSync(path)) found(page, 'link', link)
    else if (target.hash && !new RegExp(`id="${target.hash.slice(1)}"`).test(readFileSync(path, 'utf8'))) found(page, 'link', link)
  }
}

// details opens or closes all of them without leaving an inline style behind.
function details(tab, isOpen) {
  return tab.evaluate((o) => document.querySelectorAll('details').forEach((d) => { d.open = o }), isOpen)
}

async function open(page, options) {
  const context = await browser.newContext({ offline: true, ...options })
  await context.addInitScript(() => {
    globalThis.addEventListener('securitypolicyviolation', (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI}`))
  })
  const tab = await context.newPage()
  tab.on('console', (m) => { if (['error', 'warning'].includes(m.type())) found(page, 'console', m.text()) })
  tab.on('pageerror', (e) => found(page, 'console', String(e)))
  tab.on('request', (r) => {
    const own = r.url().startsWith('file:') && !relative(root, decodeURIComponent(new URL(r.url()).pathname)).startsWith('..')
    if (!own) found(page, 'request', r.url())
  })
  return { context, tab }
}
