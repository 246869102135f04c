import { defineConfig, type UserConfig } from 'vite'

const config: UserConfig = defineConfig({
  base: './',
  build: {
    outDir: 'dist/site',
    target: 'es2022',
    modulePreload: false,
    rolldownOptions: { input: ['index.html', 'contender.html'] },
  },
})

export default config
