/** The key of what an object stands for that cannot be sent. */
export const mark = '$mobileone'
