import { library } from '../../tooling/tsdown.base.ts'

const programs = ['main', 'serve', 'figures', 'soak']

export default library(Object.fromEntries(programs.map((name) => [name, `src/${name}.ts`])), {
  platform: 'node',
  dts: false,
  deps: {
    alwaysBundle: ['@mobileone/testkit', '@mobileone/site-kit'],
    neverBundle: [/^(?!@mobileone\/(testkit|site-kit))[@a-z]/],
  },
})
