/** Write the API reference, one page an entry point, from the docstrings of the published packages into `apps/docs/api`. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Application, Converter, ReflectionKind } from 'typedoc'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const apiFolder = fileURLToPath(new URL('./api', import.meta.url))

/** The entry points that people import: `@mobileone/sdk/worker`, with their source. */
export function entryPoints() {
  return readdirSync(join(root, 'packages')).flatMap((folder) => {
    const {
      name,
      private: isPrivate,
      exports = {},
    } = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'))
    if (isPrivate) return []
    return Object.entries(exports).flatMap(([path, { source }]) => {
      // Where the source differs by runtime, the types are those of the default.
      const file = typeof source === 'object' ? source.default : source
      if (!file?.endsWith('.ts')) return []
      return [
        { name: path === '.' ? name : `${name}${path.slice(1)}`, file: join(root, 'packages', folder, file) },
      ]
    })
  })
}

const entries = entryPoints()
/** TypeDoc calls a module what its file is called, from the root, without the ending. */
const names = new Map(
  entries.map(({ name, file }) => [
    relative(root, file)
      .replaceAll('\\', '/')
      .replace(/(\/index)?\.ts$/, ''),
    name,
  ]),
)
const app = await Application.bootstrapWithPlugins({
  name: 'API',
  basePath: root,
  entryPoints: [...new Set(entries.map(({ file }) => file))],
  tsconfig: join(root, 'tsconfig.json'),
  plugin: ['typedoc-plugin-markdown'],
  // Whoever compiles the packages checks the types.
  skipErrorChecking: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  readme: 'none',
  disableSources: true,
  logLevel: 'Warn',
  router: 'module',
  entryFileName: 'index',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  expandObjects: true,
  parametersFormat: 'table',
  propertiesFormat: 'table',
  interfacePropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  enumMembersFormat: 'table',
  pageTitleTemplates: { module: '{name}', index: 'API' },
  validation: { notExported: false, invalidLink: true, notDocumented: false },
})
app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_, reflection) => {
  if (reflection.kindOf(ReflectionKind.Module))
    reflection.name = names.get(reflection.name) ?? reflection.name
})
const project = await app.convert()
if (!project) throw new Error('the API could not be read')
await app.outputs.writeOutput({ name: 'markdown', path: apiFolder }, project)
const { warningCount, errorCount } = app.logger
if (errorCount > 0) throw new Error(`${errorCount} errors while the API was written`)
console.log(`${entries.length} entry points, ${warningCount} warnings`)
