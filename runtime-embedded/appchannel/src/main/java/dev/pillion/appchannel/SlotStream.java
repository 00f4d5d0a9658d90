// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import dev.pillion.invocation.InvocationException;
import java.io.IOException;
import java.io.InputStream;

/** The body of an answer: at its end, its failure or its close the slot goes to the next caller. */
final class SlotStream extends InputStream {
  private final InputStream source;
  private final String address;
  private final Slots.Slot slot;

  SlotStream(InputStream source, String address, Slots.Slot slot) {
    this.source = source;
    this.address = address;
    this.slot = slot;
  }

  @Override
  public int read() {
    try {
      return seen(source.read());
    } catch (IOException | RuntimeException e) {
      throw failed(e);
    }
  }

  @Override
  public int read(byte[] into, int offset, int length) {
    try {
      return seen(source.read(into, offset, length));
    } catch (IOException | RuntimeException e) {
      throw failed(e);
    }
  }

  private int seen(int read) {
    if (read < 0) {
      slot.release();
    }
    return read;
  }

  private RuntimeException failed(Exception failure) {
    try {
      source.close();
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
    slot.release();
    return failure instanceof RuntimeException unchecked
        ? unchecked
        : new InvocationException(
            InvocationException.Reason.CLOSED,
            "the app at " + address + " ended its answer before the body was whole",
            failure);
  }

  @Override
  public int available() throws IOException {
    return source.available();
  }

  @Override
  public void close() throws IOException {
    try {
      source.close();
    } finally {
      slot.release();
    }
  }
}
