export const endpoint = "https://api.example/v1";

export function headers() {
  return { authorization: `Bearer ${process.env.API_TOKEN}` };
}
