import { Component, createContext, lazy, memo, Suspense, use, useEffect, useReducer } from "react";
import { createPortal } from "react-dom";
import { Link, MemoryRouter, Outlet, Route, Routes, useLocation } from "react-router";

const About = lazy(() => import("./pages/about.jsx"));
const Broken = lazy(() => import("./pages/broken.jsx"));
const Cart = createContext(null);

class Boundary extends Component {
  state = { error: null };
  static getDerivedStateFromError = (error) => ({ error });
  static displayName = "Boundary";

  render() {
    return this.state.error ? <p role="alert">failed: {this.state.error.message}</p> : this.props.children;
  }
}

function reduce(items, { type, ...item }) {
  switch (type) {
    case "add":
      return [...items, { ...item, id: items.length + 1 }];
    default:
      throw new Error(`unknown ${type}`);
  }
}

const Items = memo(({ items }) => (
  <ol>
    {items.map(({ id, name = "nothing" }) => (
      <li key={id} className={id % 2 ? "odd" : undefined} style={{ marginLeft: id, "--depth": id }}>
        {name} &amp; {id}
      </li>
    ))}
  </ol>
));

function Home() {
  const { items, dispatch } = use(Cart);
  useEffect(() => {
    document.title = `${items.length} items`;
  }, [items]);
  return (
    <>
      <button className="add" onClick={() => dispatch({ type: "add", name: "cup" })} aria-label="add">
        add
      </button>
      <Items items={items} />
    </>
  );
}

function Layout() {
  const { pathname } = useLocation();
  return (
    <main data-path={pathname}>
      <nav>
        <Link to="/">home</Link> <Link to="/about/7">about</Link> <Link to="/broken">broken</Link>
      </nav>
      <Boundary key={pathname}>
        <Suspense fallback={<i>waiting</i>}>
          <Outlet />
        </Suspense>
      </Boundary>
      {createPortal(<title>{pathname}</title>, document.head)}
    </main>
  );
}

export function App({ start, ...others }) {
  const [items, dispatch] = useReducer(reduce, []);
  return (
    <Cart value={{ items, dispatch }}>
      <MemoryRouter initialEntries={[start]} {...others}>
        <Routes>
          <Route element={<Layout />}>
            <Route index element={<Home />} />
            <Route path="about/:id" element={<About />} />
            <Route path="broken" element={<Broken />} />
          </Route>
        </Routes>
      </MemoryRouter>
    </Cart>
  );
}
