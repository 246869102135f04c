import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { headers } from './vite-headers.ts'

export default defineConfig({
  base: './',
  plugins: [vue()],
  server: { headers },
  preview: { headers },
})
