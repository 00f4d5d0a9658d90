// SPDX-License-Identifier: Apache-2.0
package dev.pillion.testservers;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.HostConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.startupcheck.IsRunningStartupCheckStrategy;
import org.testcontainers.utility.DockerImageName;

/**
 * The same command in a container: the host's network, the same directory at the same path, the
 * same user. What is written about ports, files and restarts therefore holds for both; it needs a
 * Docker that runs on this Linux machine.
 */
final class DockerProcess implements ServerProcess {
  private final String image;
  private final List<String> command;
  private final Path directory;
  private final Map<String, String> environment;
  private volatile @Nullable GenericContainer<?> container;

  DockerProcess(
      String image, List<String> command, Path directory, Map<String, String> environment) {
    this.image = image;
    this.command = List.copyOf(command);
    this.directory = directory;
    this.environment = Map.copyOf(environment);
  }

  @Override
  @SuppressWarnings("resource") // stop() closes it
  public void start() {
    String user = owner();
    Bind bind = Bind.parse(directory + ":" + directory);
    GenericContainer<?> started = new GenericContainer<>(DockerImageName.parse(image))
        .withEnv(environment)
        .withCommand(command.subList(1, command.size()).toArray(String[]::new))
        .withStartupCheckStrategy(
            new IsRunningStartupCheckStrategy().withTimeout(Duration.ofMinutes(3)))
        .withCreateContainerCmdModifier(create -> {
          HostConfig host =
              create.getHostConfig() == null ? HostConfig.newHostConfig() : create.getHostConfig();
          create
              .withEntrypoint(command.get(0))
              .withUser(user)
              .withHostConfig(host.withNetworkMode("host").withBinds(bind));
        });
    started.start();
    container = started;
  }

  @Override
  public void stop() {
    GenericContainer<?> running = container;
    if (running != null) {
      if (isAlive()) {
        client(running)
            .stopContainerCmd(running.getContainerId())
            .withTimeout(10)
            .exec();
      }
      running.stop();
      container = null;
    }
  }

  @Override
  public void kill() {
    GenericContainer<?> running = container;
    if (running != null) {
      client(running).killContainerCmd(running.getContainerId()).exec();
      running.stop();
      container = null;
    }
  }

  @Override
  public void pause() {
    GenericContainer<?> running = running();
    client(running).pauseContainerCmd(running.getContainerId()).exec();
  }

  @Override
  public void resume() {
    GenericContainer<?> running = running();
    client(running).unpauseContainerCmd(running.getContainerId()).exec();
  }

  @Override
  public boolean isAlive() {
    GenericContainer<?> running = container;
    return running != null && running.isRunning();
  }

  @Override
  public String logTail() {
    GenericContainer<?> running = container;
    return running == null ? "(no container)" : running.getLogs();
  }

  private GenericContainer<?> running() {
    GenericContainer<?> running = container;
    if (running == null) {
      throw new IllegalStateException(
          "the container of \"" + image + "\" does not run; start it first");
    }
    return running;
  }

  private static DockerClient client(GenericContainer<?> container) {
    return container.getDockerClient();
  }

  private String owner() {
    try {
      return Files.getAttribute(directory, "unix:uid") + ":"
          + Files.getAttribute(directory, "unix:gid");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
