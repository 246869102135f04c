/** What an app can be made of; each is a folder of `templates`. */
export const templates = {
  vanilla: 'TypeScript without a framework',
  react: 'React',
  vue: 'Vue',
} as const

export type Template = keyof typeof templates

export function isTemplate(name: string): name is Template {
  return Object.hasOwn(templates, name)
}
