"""Finds mistakes in the host's registered tools: tools that are missing, or that customers cannot ask for."""

from banker.agents.scripted.skills.skill_files import SkillFileError, load_skills
from banker.config.settings import Config
from banker.tools.base import ToolSpec
from banker.tools.toolbox import Toolbox


def tool_mistakes(config: Config, toolbox: Toolbox) -> list[str]:
    """Return a line for each mistake: file, key, what to fix.

    A tenant with `demo_only` may name missing tools, so that a host can try the packaged tenant with its own tools.
    """
    try:
        reached = {skill.tool for skill in load_skills(config.skills_path, ()).values()}
    except SkillFileError as error:
        return str(error).splitlines()
    mistakes = []
    for tenant in config.tenants.values():
        specs = toolbox.specs(tenant.config.allowed_tools)
        missing = [] if tenant.demo_only else sorted({*tenant.config.allowed_tools} - {spec.name for spec in specs})
        mistakes += [
            f"{config.folder / 'tenants' / tenant.tenant_id}.toml: config.allowed_tools: the host registers no tool "
            f"{name!r}; register it with @banker.tool, or remove the name"
            for name in missing
        ]
        mistakes += [
            f"tool {spec.name}: examples: nothing tells how a customer asks for it; write a docstring, examples=[…] or "
            f"{config.folder / 'skills' / spec.name}.toml"
            for spec in specs
            if spec.name not in reached and not _is_described(spec)
        ]
    return list(dict.fromkeys(mistakes))  # tenants may share a tool


def _is_described(spec: ToolSpec) -> bool:
    """Return whether the host gave examples or a description. `declare` replaces a missing one by the name."""
    return bool(spec.examples) or spec.description != spec.name.replace("_", " ")
