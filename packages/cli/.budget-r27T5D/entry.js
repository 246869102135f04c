export * from '@mobileone/sdk'
