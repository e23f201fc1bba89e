/** Shell scripts are real files; the bundler and the tests load them as text. */
declare module '*.sh' {
  const text: string;
  export default text;
}
