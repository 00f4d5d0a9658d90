// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

/** A server that an environment variable names: it is used, never started, stopped or paused. */
record ForeignProcess(String variable) implements ServerProcess {
  @Override
  public void start() {
    throw notOurs();
  }

  @Override
  public void stop() {
    throw notOurs();
  }

  @Override
  public void kill() {
    throw notOurs();
  }

  @Override
  public void pause() {
    throw notOurs();
  }

  @Override
  public void resume() {
    throw notOurs();
  }

  @Override
  public boolean isAlive() {
    return true;
  }

  @Override
  public String logTail() {
    return "(the log of the server in " + variable + " is not ours to read)";
  }

  private IllegalStateException notOurs() {
    return new IllegalStateException("the server named by " + variable
        + " is not ours to stop or pause; start() gives a test its own server");
  }
}
