import { defineConfig } from 'vite'
import { headers } from './vite-headers.ts'

export default defineConfig({
  base: './',
  server: { headers },
  preview: { headers },
})
