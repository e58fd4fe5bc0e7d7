"""What pyproject.toml cannot say: the wheel carries the app of the top folder as energydash/_app.

Streamlit wants `app.py`, `pages/` and `.streamlit/` at the top of the repository; an installed copy
has them beside the package's own modules (see `APP_FOLDER` in energydash/core/settings.py).
"""

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py


class CarryApp(build_py):
    """Of the scripts in the top folder only app.py goes along."""

    def find_package_modules(self, package, package_dir):
        """(package, module, file) of every module of a package."""
        found = super().find_package_modules(package, package_dir)
        return [each for each in found if package != "energydash._app" or each[1] == "app"]


setup(
    packages=[*find_packages(include=["energydash*"]), "energydash._app", "energydash._app.pages"],
    package_dir={"energydash._app": ".", "energydash._app.pages": "pages"},
    package_data={
        "energydash": ["data/*", "py.typed", "store/migrations/**/*.sql", "views/static/*"],
        "energydash._app": [".streamlit/config.toml"],
    },
    cmdclass={"build_py": CarryApp},
)
