"""`evidence lab`: JupyterLab on the notebooks."""

from __future__ import annotations

import os
import subprocess
import sys

import click


@click.command("lab")
@click.argument("stage", type=click.IntRange(1, 10), required=False)
@click.option("--no-browser", is_flag=True, help="Only print the address; open it yourself.")
@click.option("--port", type=int, default=8888, show_default=True, help="Where JupyterLab answers.")
def command(stage: int | None, no_browser: bool, port: int) -> None:
    """Open the notebooks in JupyterLab, at STAGE (1 to 10) if one is given. Press Ctrl+C here to end it."""
    from evidence.project import open_project

    project = open_project()
    where = f"/lab/tree/{project.stage(stage).notebook}" if stage else "/lab"
    arguments = [
        f"--ServerApp.root_dir={project.path('notebooks')}",
        f"--LabApp.default_url={where}",
        f"--ServerApp.port={port}",
        # The news pop-up asks the network, and an analyst has no use for it.
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
        # Settings of ours, over whatever a person has: no question about news on first start.
        f"--LabApp.app_settings_dir={_settings(project)}",
    ]
    arguments += _warm_kernels()
    if no_browser:
        arguments.append("--ServerApp.open_browser=False")
    click.echo("JupyterLab is starting. The notebooks are numbered by stage. Press Ctrl+C here to end it.")
    try:
        raise SystemExit(subprocess.call([sys.executable, "-m", "jupyterlab", *arguments], env=dict(os.environ)))
    except KeyboardInterrupt:
        click.echo("\nJupyterLab has ended.")


def _warm_kernels() -> list[str]:
    """What makes JupyterLab fork its kernels, where that is safe."""
    from evidence.run.warm import PROVISIONER
    from evidence.run.warm_start import can_be_warm

    if not can_be_warm():
        return []
    return [
        "--ServerApp.jpserver_extensions=evidence.run.lab_kernels=True",
        f"--KernelProvisionerFactory.default_provisioner_name={PROVISIONER}",
    ]


def _settings(project) -> str:
    """A folder of JupyterLab settings inside the project's own working folder."""
    import json

    from evidence.project import atomic_write

    folder = project.path(".evidence", "lab_settings")
    overrides = {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
        "@jupyterlab/notebook-extension:tracker": {"autoStartDefaultKernel": True, "kernelShutdown": True},
    }
    atomic_write(folder / "overrides.json", json.dumps(overrides, indent=1) + "\n")
    return str(folder)
