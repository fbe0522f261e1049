import { Component, type ReactNode } from "react";
import { AsWritten } from "./AsWritten";

interface BlockBoundaryProps {
  text: string;
  children: ReactNode;
}

interface BlockBoundaryState {
  failed: boolean;
  /** What was tried. */
  text: string;
}

/** A fault in drawing one block costs that block its looks, and no other block anything. */
export class BlockBoundary extends Component<BlockBoundaryProps, BlockBoundaryState> {
  override state: BlockBoundaryState = { failed: false, text: this.props.text };

  static getDerivedStateFromError(): Partial<BlockBoundaryState> {
    return { failed: true };
  }

  /** More of it came: perhaps it can be drawn now. */
  static getDerivedStateFromProps(props: BlockBoundaryProps, state: BlockBoundaryState): BlockBoundaryState {
    return props.text === state.text ? state : { failed: false, text: props.text };
  }

  override render(): ReactNode {
    return this.state.failed ? <AsWritten text={this.props.text} /> : this.props.children;
  }
}
