import { configureStore, createAsyncThunk, createSelector, createSlice, type PayloadAction } from "@reduxjs/toolkit";
import { enableMapSet, original, produce } from "immer";

enableMapSet();

type Column = "todo" | "doing";
type Board = { columns: Record<Column, number[]>; moves: number; loaded: string };

export const load = createAsyncThunk("board/load", async (what: string, { rejectWithValue }) =>
  what === "broken" ? rejectWithValue("it is broken") : Promise.resolve(`${what}!`),
);

export const board = createSlice({
  name: "board",
  initialState: { columns: { todo: [1, 2, 3], doing: [] }, moves: 0, loaded: "" } as Board,
  reducers: {
    moved(state, { payload }: PayloadAction<{ id: number; to: Column }>) {
      for (const column of Object.values(state.columns)) {
        const at = column.indexOf(payload.id);
        if (at >= 0) column.splice(at, 1);
      }
      state.columns[payload.to].push(payload.id);
      state.moves++;
    },
  },
  extraReducers: (builder) =>
    builder
      .addCase(load.fulfilled, (state, { payload }) => void (state.loaded = payload))
      .addCase(load.rejected, (state, { payload }) => ({ ...state, loaded: `failed: ${payload}` })),
});

const seen = (() => {
  const before = { kept: new Map([["a", new Set([1])]]) };
  const after = produce(before, (draft) => {
    draft.kept.get("a")!.add(original(draft)!.kept.size + 1);
  });
  return { isShared: before === after, size: after.kept.get("a")!.size };
})();

export const store = configureStore({ reducer: { board: board.reducer, seen: () => seen }, devTools: false });
type State = ReturnType<typeof store.getState>;
export const selectDoing = createSelector([(state: State) => state.board.columns, (state: State) => state.seen], (columns, { size, isShared }) =>
  `${columns.doing.join("+")} ${size} ${isShared}`,
);
