// The server, asked beside the page: what the page shows is compared with what the API says.
export class ServerApi {
  constructor(url) {
    this.url = url;
  }
  async get(path) {
    return this.call("GET", path);
  }
  async call(method, path, body) {
    const response = await fetch(this.url + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    });
    const document = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${document.detail}`);
    return document;
  }
  /** A list of `user` that leaves no trace. */
  recommend(user, request = {}) {
    return this.call("POST", `/v1/users/${encodeURIComponent(user)}/recommendations`, { k: 10, features: true, explain: true, ...request, dry_run: true });
  }
  /** The user whom the views show where none is named. */
  async firstUser() {
    return (await this.get("/v1/users?limit=1")).users[0].id;
  }
}

export const nameOf = (item) => item.features?.name ?? item.item ?? item.id;
