import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type DefaultTheme, defineConfig, type MarkdownRenderer, type UserConfig } from 'vitepress'
import { REPOSITORY } from '../../../tooling/manifests.mjs'

const base = process.env.DOCS_BASE ?? '/'
const root = fileURLToPath(new URL('../../..', import.meta.url))

type Plugin = Extract<NonNullable<NonNullable<UserConfig['vite']>['plugins']>[number], { name: string }>

/** Which files are pages, and where: the folder of the sources to the folder of the site. */
const places: readonly (readonly [source: RegExp, page: string])[] = [
  [/^README\.md$/, 'overview.md'],
  [/^(CONTRIBUTING|SECURITY|CODE_OF_CONDUCT)\.md$/, '$1.md'],
  [/^docs\/(.+)\.md$/, '$1.md'],
  [/^packages\/([^/]+)\/README\.md$/, 'packages/$1.md'],
  [/^(apps|examples)\/([^/]+)\/README\.md$/, '$1/$2.md'],
  [/^examples\/README\.md$/, 'examples/index.md'],
  [/^apps\/docs\/pages\/(.+)\.md$/, '$1.md'],
  [/^apps\/docs\/api\/(.+)\.md$/, 'api/$1.md'],
]

/** The page that a file of the repository becomes, such as `docs/weights.md` `weights.md`; undefined where it is none. */
function pageOf(source: string): string | undefined {
  const place = places.find(([pattern]) => pattern.test(source))
  return place && source.replace(place[0], place[1])
}

/** Links between files of the repository: to the page that a file becomes, or to the file where the sources are. */
function linkSources(md: MarkdownRenderer): void {
  md.core.ruler.push('link-sources', ({ tokens, env }) => {
    const from = relative(root, env.realPath ?? env.path).replaceAll('\\', '/')
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null
      if (href && !/^([a-z]+:|#|\/)/.test(href)) token.attrSet('href', addressOf(from, decodeURI(href)))
    }
  })
}

function addressOf(from: string, href: string): string {
  const [, path = '', hash = ''] = /^([^#]*)(#.*)?$/.exec(href) ?? []
  const target = posix.join(posix.dirname(from), path)
  const file = join(root, target)
  // Of the API, whose links are between pages already.
  if (from.startsWith('apps/docs/api/')) return `/${pageOf(target)}${hash}`
  if (!existsSync(file)) throw new Error(`${from} links to ${href}, which is not there`)
  const source = statSync(file).isDirectory() ? posix.join(target, 'README.md') : target
  const page = pageOf(source)
  if (page && existsSync(join(root, source))) return `/${page}${hash === '#readme' ? '' : hash}`
  return `${REPOSITORY}/${statSync(file).isDirectory() ? 'tree' : 'blob'}/main/${target}${hash}`
}

/** Packages that are published, and examples, by what their files say. */
function folders(parent: string): DefaultTheme.SidebarItem[] {
  return readdirSync(join(root, parent), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, parent, entry.name, 'README.md')))
    .filter(({ name }) => parent !== 'packages' || !isPrivate(name))
    .map(({ name }) => ({ text: name, link: `/${parent}/${name}` }))
}

function isPrivate(name: string): boolean {
  return JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')).private === true
}

/** What most people install first, then the others. */
function apiPages(): DefaultTheme.SidebarItem[] {
  const isSdk = (name: string): boolean => /^sdk(\/|$)/.test(name)
  return apiNames()
    .map((name) => ({ text: name.replace('@mobileone/', ''), link: `/api/${name}` }))
    .sort((a, b) => Number(isSdk(b.text)) - Number(isSdk(a.text)) || a.text.localeCompare(b.text))
}

function apiNames(folder = ''): string[] {
  const here = join(root, 'apps/docs/api', folder)
  if (!existsSync(here)) return []
  return readdirSync(here, { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    if (entry.isDirectory()) return apiNames(path)
    return path === 'index.md' ? [] : [path.replace(/\.md$/, '')]
  })
}

const item = (text: string, link: string): DefaultTheme.SidebarItem => ({ text, link: `/${link}` })

const sidebar: DefaultTheme.SidebarItem[] = [
  {
    text: 'Begin',
    items: [item('In five minutes', 'start'), item('What there is', 'overview'), item('Gallery', 'gallery')],
  },
  {
    text: 'Guides',
    items: [
      item('Your own checkpoint', 'weights'),
      item('Your own classes', 'own-classes'),
      item('Your own network', 'examples/own-networks'),
      item('Workers and cameras', 'workers'),
      item('Servers', 'servers'),
      item('Bundlers, headers, policies', 'bundlers'),
      item('What a visitor downloads', 'sizes'),
      item('Frameworks and runtimes', 'frameworks-and-runtimes'),
      item('An iPhone: Core ML', 'coreml'),
      item('Android: TFLite', 'android'),
      item('Training', 'training'),
      ...(existsSync(join(root, 'docs/quantization.md')) ? [item('The int8 form', 'quantization')] : []),
    ],
  },
  {
    text: 'Figures',
    items: [
      item('Beside the alternatives', 'comparison'),
      item('Benchmarks', 'benchmarks'),
      item('The paper’s studies, in a browser', 'study'),
      item('Branches, trained and compared', 'ablation'),
      item('Reliability', 'reliability'),
      item('Cross-checks with other programs', 'cross-checks'),
    ],
  },
  {
    text: 'How it is made',
    items: [
      item('From bytes to labels', 'pipeline'),
      item('Backends, and writing one', 'backends'),
      item('Adding things', 'adding'),
      item('Decisions', 'decisions'),
      item('Contributing', 'CONTRIBUTING'),
      item('Security', 'SECURITY'),
    ],
  },
  { text: 'Packages', collapsed: true, items: folders('packages') },
  {
    text: 'Apps',
    collapsed: true,
    items: [
      item('Demo', 'apps/demo'),
      item('Benchmark', 'apps/benchmark'),
      item('Reliability', 'apps/reliability'),
    ],
  },
  {
    text: 'Examples',
    collapsed: true,
    items: [item('Which there are', 'examples/'), ...folders('examples')],
  },
]

/** Pages lie all over the repository, where the dependencies of this package are not found. */
const resolveVue: Plugin = {
  name: 'resolve-vue',
  enforce: 'pre',
  resolveId(id, importer) {
    if (!/^vue(\/|$)/.test(id) || !importer?.endsWith('.md')) return undefined
    return this.resolve(id, fileURLToPath(import.meta.url), { skipSelf: true })
  },
}

export default defineConfig({
  title: 'MobileOne for the edge',
  description: 'MobileOne in TypeScript: folded, quantised and run in browsers, in Node and on phones.',
  lang: 'en',
  base,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}icon.svg` }]],
  srcDir: '../..',
  srcExclude: [
    '{packages,apps,examples}/*/!(README).md',
    '{packages,apps,examples}/*/{src,test,templates,scripts,assets,dist,assembly,tune,fixtures,screenshots}/**',
    'tooling/**',
    'AGENTS.md',
    '.*/**',
  ],
  rewrites: (source) => pageOf(source) ?? source,
  outDir: './dist',
  cacheDir: './.vitepress/cache',
  cleanUrls: true,
  ignoreDeadLinks: false,
  lastUpdated: false,
  markdown: { config: linkSources, theme: { light: 'github-light', dark: 'github-dark' } },
  vite: {
    publicDir: join(dirname(fileURLToPath(import.meta.url)), '../public'),
    plugins: [resolveVue],
  },
  themeConfig: {
    logo: '/icon.svg',
    search: { provider: 'local' },
    outline: { level: [2, 3] },
    nav: [
      { text: 'Begin', link: '/start' },
      { text: 'API', link: '/api/' },
      { text: 'Source', link: REPOSITORY },
    ],
    sidebar: { '/api/': [{ text: 'API', items: apiPages() }], '/': sidebar },
    footer: { message: 'MIT. The published ImageNet weights are Apple’s, under their licence.' },
  },
})
