/** The image in which scripts of this project run: bash, aws, curl, jq and setcap. Starts as root, so every container names its user. */
export const toolsImage = 'amazon/aws-cli:2.35.9';
