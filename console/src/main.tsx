import "./styles/base.css";
import "./styles/layout.css";
import "./styles/parts.css";
import { render } from "preact";
import "./data/theme";
import { App } from "./app";

render(<App />, document.getElementById("app")!);
